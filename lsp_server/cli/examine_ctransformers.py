"""What `bantam doctor` says where ctransformers is to run the model."""

from __future__ import annotations

import importlib.util

from lsp_server.cli.findings import Finding, State
from lsp_server.errors import ModelError
from lsp_server.models.catalogue import find_model
from lsp_server.models.conversion.plan import is_converted, plan_conversion
from lsp_server.models.engine_names import split_library
from lsp_server.models.gguf import read_gguf_header
from lsp_server.settings.schema import Settings

_PART = "ctransformers"
_PACKAGES = ("ctransformers", "tokenizers")


def examine_ctransformers(settings: Settings) -> list[Finding]:
    """Say whether it is installed and can run the model; nothing where it is not chosen.

    Nothing is imported and nothing is converted.
    """
    chosen, model = split_library(settings.model.name)
    if (chosen or settings.engine.library) != "ctransformers":
        return []
    missing = [name for name in _PACKAGES if importlib.util.find_spec(name) is None]
    if missing:
        return [
            Finding(
                _PART,
                f"it is chosen, and {' and '.join(missing)} cannot be found",
                State.BROKEN,
                "run `pip install 'bantam-lsp[ctransformers]'`, or set engine.library to llama.cpp",
            )
        ]
    try:
        header = read_gguf_header(find_model(model).path)
        if not is_converted(header):
            plan_conversion(header)
    except ModelError as error:
        return [Finding(_PART, str(error), State.BROKEN, "choose another model or engine.library")]
    return [Finding(_PART, "it is chosen, and can run the model")]

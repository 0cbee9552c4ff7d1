"""The models that can be downloaded, from the files in `families/`.

A family's file holds what its models share, then one `[[models]]` each; a model's own value goes
before the shared one.  Adding a model touches nothing else.
"""

from __future__ import annotations

import functools
import tomllib
from pathlib import Path
from typing import Any

import msgspec

from lsp_server.errors import ModelNotFoundError, UsageError
from lsp_server.models.hub.entry import HubFile, HubModel

_FAMILIES = Path(__file__).parent / "families"


@functools.cache
def hub_models() -> tuple[HubModel, ...]:
    """Return the models that can be downloaded, family by family."""
    return tuple(model for path in sorted(_FAMILIES.glob("*.toml")) for model in _read_family(path))


def find_hub_model(model_id: str) -> HubModel:
    """Return the model with this id.

    Raises:
        ModelNotFoundError: None has it.
    """
    for model in hub_models():
        if model.id == model_id:
            return model
    known = ", ".join(model.id for model in hub_models())
    raise ModelNotFoundError(f"{model_id!r} is no model that can be downloaded; these can: {known}")


def choose_file(model: HubModel, quantisation: str | None) -> HubFile:
    """Return the file with this quantisation, or the default one.

    Raises:
        UsageError: The model is not there in this quantisation.
    """
    if quantisation is None:
        return model.files[0]
    for file in model.files:
        if file.quantisation.lower() == quantisation.lower():
            return file
    known = ", ".join(file.quantisation for file in model.files)
    raise UsageError(
        f"{model.id} is not there in the quantisation {quantisation!r}; choose one of {known}"
    )


def _read_family(path: Path) -> list[HubModel]:
    shared: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    models: list[dict[str, Any]] = shared.pop("models")
    return [msgspec.convert({**shared, **model}, HubModel) for model in models]

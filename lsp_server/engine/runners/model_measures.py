"""What every library's loader derives from a model file."""

from __future__ import annotations

from lsp_server.engine.code_sample import CODE_SAMPLE
from lsp_server.engine.runners.base import Vocabulary
from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import GgufHeader

#: KV cells when the settings leave it open: attention runs over all cells up to the highest used
#: one, so they are not for free.  Documents share them, so a model of a short context has as many.
DEFAULT_CELLS = 4096


def trained_context_tokens(header: GgufHeader) -> int:
    """Return the longest context that a model was made for.

    Raises:
        ModelFileError: The file does not say how long it is.
    """
    architecture = header.metadata.text("general.architecture")
    key = f"{architecture}.context_length"
    trained = header.metadata.try_integer(key)
    if trained is None or trained <= 0:
        raise ModelFileError(
            f"{header.path}: it does not say how long its context is ({key}); convert the model "
            "again or choose another file"
        )
    return trained


def chars_per_token(vocabulary: Vocabulary) -> float:
    """Return how many characters of code a token stands for."""
    return len(CODE_SAMPLE) / max(len(vocabulary.tokenize(CODE_SAMPLE)), 1)

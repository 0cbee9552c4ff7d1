"""Names of the libraries that run models, and model names that choose one.

`ctransformers:bantam-embedded` is the model `bantam-embedded`, run by ctransformers whatever the
setting `engine.library` says.  The choice stands in the model's name because the engine is one
process for all clients: what a single request wants has to travel with it, and two libraries'
loaded models have to be two models.
"""

from __future__ import annotations

from typing import get_args

from lsp_server.settings.schema import LibraryName

LIBRARY_NAMES: tuple[LibraryName, ...] = get_args(LibraryName)

_SEPARATOR = ":"


def split_library(model: str) -> tuple[LibraryName | None, str]:
    """Return the library that a model name chooses, `None` for no choice, and the plain name."""
    for library in LIBRARY_NAMES:
        prefix = library + _SEPARATOR
        if model.startswith(prefix):
            return library, model.removeprefix(prefix)
    return None, model


def with_library(model: str, library: LibraryName) -> str:
    """Return the name of a model that `library` is to run; another choice in it is replaced."""
    return library + _SEPARATOR + split_library(model)[1]

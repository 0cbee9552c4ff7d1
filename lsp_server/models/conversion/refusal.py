"""How a file that ctransformers cannot run is refused."""

from __future__ import annotations

from pathlib import Path

from lsp_server.errors import ModelFileError

_USE_LLAMA_CPP = (
    'use the engine llama.cpp for this model: `--engine llama.cpp`, or engine.library = "llama.cpp"'
)


def cannot_run(path: Path, reason: str) -> ModelFileError:
    """Return the error for a file that only llama.cpp can run."""
    return ModelFileError(
        f"{path}: ctransformers cannot run this model: {reason}; {_USE_LLAMA_CPP}"
    )

"""Models of known shapes, made at need and kept in the cache."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import gguf

from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.presets import PRESETS, Preset
from scripts.synthetic_model.quantisation import Quantisation
from scripts.synthetic_model.vocabulary import VocabularyData, vocabulary_of, with_special_tokens
from scripts.synthetic_model.write import write_model
from scripts.vocabularies.fetch import fetch_vocabularies, vocabulary_folder

#: Changes when the same options give another file.
_FORMAT = 1


def preset_vocabulary(preset: Preset) -> VocabularyData:
    """Return a preset's vocabulary with its markers; fetches vocabularies once per machine.

    Raises:
        FetchFailed: They could not be fetched.
        OSError: They could not be written.
    """
    folder = vocabulary_folder()
    fetch_vocabularies(folder)
    vocabulary = vocabulary_of(folder / f"ggml-vocab-{preset.vocabulary}.gguf")
    return with_special_tokens(vocabulary, preset.markers, gguf.TokenType.CONTROL)


def make_preset(
    name: str,
    path: Path,
    quantisation: Quantisation,
    *,
    seed: int = 0,
    sharpness: float = 1.0,
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Write the model that a key of `PRESETS` names; see `write_model`.

    Raises:
        FetchFailed: The vocabularies could not be fetched.
        OSError: A file could not be written.
    """
    preset = PRESETS[name]
    write_model(
        *(path, preset_vocabulary(preset), preset.shape),
        architecture=ARCHITECTURES[preset.architecture],
        seed=seed,
        quantisation=quantisation,
        sharpness=sharpness,
        name=f"synthetic {name}",
        on_progress=on_progress,
    )


def model_cache(variables: Mapping[str, str] = os.environ) -> Path:
    """Return where models are kept that were made once."""
    base = Path(variables.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return base / "bantam-dev" / "synthetic-models"


def cached_preset(
    name: str,
    quantisation: Quantisation,
    *,
    sharpness: float = 1.0,
    folder: Path | None = None,
    on_progress: Callable[[float], None] = lambda _: None,
) -> Path:
    """Return the file of a preset; makes it if it is not in the cache.

    Raises:
        FetchFailed: The vocabularies could not be fetched.
        OSError: The file could not be written.
    """
    folder = folder or model_cache()
    path = folder / f"{name}-{quantisation.name.lower()}-{sharpness:g}-{_FORMAT}.gguf"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        make_preset(name, path, quantisation, sharpness=sharpness, on_progress=on_progress)
    return path

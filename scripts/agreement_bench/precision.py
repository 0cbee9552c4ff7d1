"""The model in F16, in which rounding is small enough to see what keeping cells does.

With quantised weights llama.cpp rounds the states between layers to 8 bits, so that the least
difference anywhere, such as another cut into steps, grows to a hundredth of a state within a few
layers, and near ties fall the other way.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from scripts.agreement_bench.held_out import cache_folder
from scripts.embedded_model.quantize import quantize


def f16_copy(model: Path) -> Path:
    """Return the F16 copy of a model file, written once into the cache.

    Raises:
        OSError: llama.cpp could not read or write.
    """
    digest = hashlib.sha256(model.read_bytes()).hexdigest()[:12]
    copy = cache_folder() / f"{model.stem}-{digest}-f16.gguf"
    if not copy.is_file():
        copy.parent.mkdir(parents=True, exist_ok=True)
        aside = copy.with_suffix(".part")
        quantize(model, "f16", aside)
        aside.replace(copy)
    return copy

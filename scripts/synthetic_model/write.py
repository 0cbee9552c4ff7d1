"""Writing a GGUF with random weights, piece by piece: memory does not grow with the model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import gguf
import numpy as np

from scripts.synthetic_model.architectures.base import Architecture
from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.content import chunks
from scripts.synthetic_model.header import write_header
from scripts.synthetic_model.plan import Model, Planned, plan_tensors
from scripts.synthetic_model.quantisation import Quantisation
from scripts.synthetic_model.shape import Shape as Shape
from scripts.synthetic_model.vocabulary import VocabularyData


def write_model(
    path: Path,
    vocabulary: VocabularyData,
    shape: Shape | None = None,
    *,
    architecture: Architecture = LLAMA,
    seed: int = 0,
    quantisation: Quantisation = Quantisation.F32,
    sharpness: float = 1.0,
    name: str = "synthetic",
    on_progress: Callable[[float], None] = lambda _: None,
) -> None:
    """Write a model; the file appears complete or not at all.

    Args:
        path: The file.
        vocabulary: The model's tokens.
        shape: Its sizes; the architecture's own small ones if not given.
        architecture: What kind of model it is.
        seed: The weights follow from it.
        quantisation: What they are stored as.
        sharpness: See `plan.Model`.
        name: What the file calls the model.
        on_progress: Told the share of the weights that is written.
    """
    model = Model(
        architecture, shape or architecture.shape, vocabulary.num_tokens, quantisation, sharpness
    )
    plan = list(plan_tensors(model))
    part = path.with_name(f"{path.name}.part")
    try:
        write_header(part, model, name, vocabulary, plan)
        with part.open("ab") as file:
            _write_tensors(file, plan, np.random.default_rng(seed), on_progress)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _write_tensors(
    file: BinaryIO,
    plan: list[Planned],
    random: np.random.Generator,
    on_progress: Callable[[float], None],
) -> None:
    total = sum(planned.num_bytes for planned in plan)
    num_written = 0
    _pad(file)
    for planned in plan:
        for chunk in chunks(planned.tensor, planned.type, random):
            file.write(chunk.data)
            num_written += chunk.nbytes
            on_progress(num_written / total)
        _pad(file)


def _pad(file: BinaryIO) -> None:
    """Write zeros up to the next place where a tensor may begin."""
    file.write(bytes(-file.tell() % gguf.GGUF_DEFAULT_ALIGNMENT))

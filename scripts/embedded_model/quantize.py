"""Other precisions of an exported model, made by llama.cpp, and what they cost in loss.

None of them ships: F16 is for comparing engines, Q4_0 and Q4_K show that the formats work.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import llama_cpp

from lsp_server.engine.loader import make_loader
from lsp_server.engine.runners.llama_library import start_library
from lsp_server.settings.schema import EngineSettings

from .collect import SourceFile
from .evaluation.held_out_loss import measure_loss
from .scores import HeldOutLoss

_FILE_TYPES = {
    "f16": llama_cpp.LLAMA_FTYPE_MOSTLY_F16,
    "q8_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0,
    "q4_0": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_0,
    "q4_k": llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_K_M,
}


@dataclass(frozen=True, slots=True)
class FormatResult:
    """One precision: the size of its file and the loss on held-out files."""

    name: str
    num_bytes: int
    loss: HeldOutLoss


def quantize(source: Path, name: str, target: Path) -> None:
    """Write a model in another precision, a key of `_FILE_TYPES`.

    To F16 a quantised model may be brought, too: it keeps its weights, rounding aside.

    Raises:
        OSError: llama.cpp could not read or write.
    """
    # Its log, which the library's Python side cannot always decode, goes where the engine's goes.
    start_library()
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = _FILE_TYPES[name]
    params.nthread = 1
    params.allow_requantize = name == "f16"
    status = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    if status != 0:
        raise OSError(f"llama.cpp could not write {source} as {name} to {target}: status {status}")


def check_formats(
    f16: Path, folder: Path, files: Sequence[SourceFile], num_threads: int
) -> list[FormatResult]:
    """Write every precision into a folder, load it as the server does, and measure its loss."""
    paths = {"f16": f16}
    for name in [name for name in _FILE_TYPES if name != "f16"]:
        paths[name] = folder / f"{f16.stem.removesuffix('-f16')}-{name}.gguf"
        quantize(f16, name, paths[name])
    return [_measure(name, path, files, num_threads) for name, path in paths.items()]


def format_table(results: Sequence[FormatResult]) -> str:
    """The results as a table for people."""
    rows = [
        f"| {result.name} | {result.num_bytes / 1e6:.2f} MB | {result.loss.nats_per_token:.4f} |\n"
        for result in results
    ]
    return "| precision | file | nats a token |\n|---|--:|--:|\n" + "".join(rows)


def _measure(name: str, path: Path, files: Sequence[SourceFile], num_threads: int) -> FormatResult:
    settings = EngineSettings(threads=num_threads)
    loaded = make_loader(settings)(str(path.resolve()), lambda _fraction: True)
    try:
        loss = measure_loss(loaded.runner, files, lambda _num_done: None)
    finally:
        loaded.runner.close()
    return FormatResult(name, path.stat().st_size, loss)

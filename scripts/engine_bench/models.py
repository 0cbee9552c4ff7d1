"""The models that benchmarks run on, made at need."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from scripts.synthetic_model.make import cached_preset
from scripts.synthetic_model.quantisation import Quantisation


def bench_model(name: str, quantisation: Quantisation, console: Console) -> Path:
    """Return the file of a preset; shows how far it is where it has to be made.

    Raises:
        FetchFailed: The vocabularies could not be fetched.
        OSError: The file could not be written.
    """
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"making {name}", total=1.0, visible=False)
        return cached_preset(
            name,
            quantisation,
            on_progress=lambda share: progress.update(task, completed=share, visible=True),
        )

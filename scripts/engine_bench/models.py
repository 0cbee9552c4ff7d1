"""The models that benchmarks run on, made at need."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from lsp_server.models.catalogue import find_model
from scripts.synthetic_model.make import cached_preset
from scripts.synthetic_model.presets import PRESETS
from scripts.synthetic_model.quantisation import Quantisation

#: The one that ships with the package.
EMBEDDED = "embedded"
#: What benchmarks of the whole machine may run on.
CHOICES = (EMBEDDED, *PRESETS)


def chosen_model(name: str, console: Console) -> Path:
    """Return the file of one of `CHOICES`; shows how far it is where it has to be made.

    Raises:
        FetchFailed: The vocabularies could not be fetched.
        OSError: The file could not be written.
    """
    if name == EMBEDDED:
        return find_model("bantam-embedded").path
    return bench_model(name, Quantisation.Q4_K_M, console)


def description(name: str) -> str:
    """Return what one of `CHOICES` is, for people."""
    if name == EMBEDDED:
        return "the embedded model"
    return f"random weights of {name}'s shape in {Quantisation.Q4_K_M.name}"


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

"""What a benchmark is."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

from rich.console import Console, RenderableType

#: JSON-ready values.
Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Report:
    """What a benchmark found.

    Attributes:
        values: For programs.
        tables: For people, in order.
    """

    values: Values
    tables: tuple[RenderableType, ...]


@dataclass(frozen=True, slots=True)
class Benchmark:
    """One benchmark.

    Attributes:
        name: What it is called on the command line.
        summary: One line about it.
        add_options: Adds its options.
        run: Measures; shows its progress on the console.
    """

    name: str
    summary: str
    add_options: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Console], Coroutine[Any, Any, Report]]

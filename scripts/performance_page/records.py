"""The JSON that benchmarks wrote, as it is kept under version control."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from scripts.performance_page.section import Values


class RecordError(Exception):
    """A record cannot be used; the message says which and why."""


def read_records(folder: Path, names: Iterable[str]) -> dict[str, Values]:
    """Return the records of some benchmarks, as far as they are there.

    Args:
        folder: Where `NAME.json` lies for each benchmark.
        names: Of the benchmarks.

    Raises:
        RecordError: A file is no record of the benchmark that it is named after.
    """
    paths = {name: folder / f"{name}.json" for name in names}
    return {name: _read(path, name) for name, path in paths.items() if path.is_file()}


def _read(path: Path, name: str) -> Values:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise RecordError(f"{path} is no JSON: {error}; measure again") from error
    found = values.get("benchmark") if isinstance(values, dict) else None
    if found != name:
        raise RecordError(
            f"{path} is a record of {found!r}; write one with "
            f"`scripts/bench_engine {name} --output {path}`"
        )
    record: Values = values
    return record

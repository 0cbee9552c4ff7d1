"""What was measured so far, a JSON object a line, from which an interrupted run goes on."""

from __future__ import annotations

from pathlib import Path

import msgspec

from scripts.agreement_bench.measuring import PlaceResult


class ResultFile:
    """Results by the key of their place."""

    def __init__(self, path: Path) -> None:
        """Read what is there; a line that was cut off by an interruption is dropped.

        Raises:
            OSError: The file cannot be read or written.
        """
        self._path = path
        self.results: dict[str, PlaceResult] = {}
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            return
        whole = path.read_bytes().split(b"\n")[:-1]
        for line in whole:
            result = msgspec.json.decode(line, type=PlaceResult)
            self.results[result.key] = result
        path.write_bytes(b"".join(line + b"\n" for line in whole))

    def add(self, result: PlaceResult) -> None:
        """Keep one result at once."""
        self.results[result.key] = result
        with self._path.open("ab") as out:
            out.write(msgspec.json.encode(result) + b"\n")

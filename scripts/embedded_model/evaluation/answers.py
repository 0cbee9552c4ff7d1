"""The file of raw answers, one JSON object a line, from which an interrupted run goes on."""

from __future__ import annotations

import json
from pathlib import Path


class AnswerFile:
    """Answers by the key of their case."""

    def __init__(self, path: Path) -> None:
        """Read what is there already; a line that was cut off by an interruption is dropped."""
        self._path = path
        self.answers: dict[str, str] = {}
        if not path.exists():
            return
        whole = path.read_text(encoding="utf-8").split("\n")[:-1]
        self.answers = dict(json.loads(line) for line in whole)
        path.write_text("".join(f"{line}\n" for line in whole), encoding="utf-8")

    def add(self, key: str, answer: str) -> None:
        """Keep one answer at once."""
        self.answers[key] = answer
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps([key, answer]) + "\n")

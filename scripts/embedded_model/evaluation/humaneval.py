"""HumanEval-Infilling, single line, from its file: exact match, and tests passed in a sandbox.

The file is `HumanEval-SingleLineInfilling.jsonl.gz` of github.com/openai/human-eval-infilling; it
is not part of Bantam.
"""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from scripts.embedded_model.evaluation.cases import Case, Kind

PROJECT = "HumanEval-Infilling"
_TIME_LIMIT_S = 10
_MEMORY_BYTES = 1 << 30
# The limits are set by the program itself, before it runs what a model wrote.
_LIMITS = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({_TIME_LIMIT_S}, {_TIME_LIMIT_S}))
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY_BYTES}, {_MEMORY_BYTES}))
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
"""


class SandboxMissingError(Exception):
    """Programs cannot be run without network here."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A line to fill in, and the tests of the function that it belongs to."""

    case: Case
    tests: str
    entry_point: str

    def program(self, answer: str) -> str:
        """The function with the answer's first line in it, and the call of its tests."""
        line = answer.split("\n")[0]
        function = self.case.before + line + self.case.after
        return f"{function}\n{self.tests}\ncheck({self.entry_point})\n"


def read_problems(path: Path) -> list[Problem]:
    """Read the file, packed or not."""
    data = path.read_bytes()
    text = (gzip.decompress(data) if path.suffix == ".gz" else data).decode("utf-8")
    return [_problem(json.loads(line)) for line in text.splitlines() if line.strip()]


def _problem(record: dict[str, str]) -> Problem:
    solution = record["canonical_solution"].rstrip("\n")
    line = solution.lstrip(" \t")
    indent = solution[: len(solution) - len(line)]
    suffix = record["suffix"]
    case = Case(
        key=record["task_id"],
        kind=Kind.LINE,
        project=PROJECT,
        path="solution.py",
        before=record["prompt"] + indent,
        expected=line,
        after=suffix if suffix.startswith("\n") else "\n" + suffix,
    )
    return Problem(case, record["test"], record["entry_point"])


def passes(program: str) -> bool:
    """Whether a program ends well in a process without network or files to write.

    Processes that it starts end with it.

    Raises:
        SandboxMissingError: this system cannot give a process no network.
    """
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "program.py").write_text(_LIMITS + program, encoding="utf-8")
        command = [*_sandbox(), sys.executable, "-I", "-S", "-B", "program.py"]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, timeout=2 * _TIME_LIMIT_S, env={}
            )
        except subprocess.TimeoutExpired:
            return False
    return done.returncode == 0


def require_sandbox() -> None:
    """Check once that programs can be run.

    Raises:
        SandboxMissingError: they cannot.
    """
    try:
        is_fine = passes("assert True\n")
    except FileNotFoundError:
        is_fine = False
    if not is_fine:
        raise SandboxMissingError(
            "a process without network could not be started with `unshare --user --net`; run this "
            "where unprivileged user namespaces are allowed, or leave out --pass-rate"
        )


def _sandbox() -> list[str]:
    unshare = shutil.which("unshare")
    if unshare is None:
        raise SandboxMissingError(
            "the command `unshare` was not found; install util-linux, or leave out --pass-rate"
        )
    return [unshare, "--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]

"""Say which requirements the lock files were made from: a hash, so that a stale lock shows.

Usage: python scripts/lock_inputs.py write|check
"""

from __future__ import annotations

import hashlib
import json
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = Path("requirements", "inputs.sha256")


def fingerprint(root: Path) -> str:
    """Return a hash of everything in `pyproject.toml` that a lock depends on."""
    data = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    project = data["project"]
    groups = data["dependency-groups"]
    inputs = [project["requires-python"], project["dependencies"], groups["build"], groups["dev"]]
    return hashlib.sha256(json.dumps(inputs).encode()).hexdigest()


def main(action: str, root: Path = ROOT) -> int:
    """Write the record, or compare it; returns the exit status."""
    record = root / RECORD
    if action == "write":
        record.write_text(fingerprint(root) + "\n", encoding="utf-8")
        return 0
    if record.is_file() and record.read_text(encoding="utf-8").strip() == fingerprint(root):
        return 0
    print(
        "requirements/*.lock are older than the dependencies in pyproject.toml; run scripts/lock",
        file=sys.stderr,
    )
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))

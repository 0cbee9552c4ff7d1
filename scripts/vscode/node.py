"""Node and npm: are they there, and how npm is called."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from scripts.set_up.checks import install_hint
from scripts.set_up.progress import StepFailed

_MIN_NODE_MAJOR = 20

#: No package's own scripts run, and lock files name no registry.
_NPM_OPTIONS = (
    "--ignore-scripts",
    "--no-audit",
    "--no-fund",
    "--no-update-notifier",
    "--omit-lockfile-registry-resolved",
)


def require_node() -> None:
    """Check that node and npm can be used.

    Raises:
        StepFailed: One is missing or too old; the message says how to get it.
    """
    hint = install_hint(
        "nodejs npm", "nodejs npm", "brew install node", "winget install OpenJS.NodeJS"
    )
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise StepFailed(f"{program} is missing on PATH. Install: {hint}")
    version = subprocess.run(
        ["node", "--version"], capture_output=True, text=True, check=True
    ).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < _MIN_NODE_MAJOR:
        raise StepFailed(
            f"node is {version}, but {_MIN_NODE_MAJOR} or newer is needed. Install: {hint}"
        )


def npm(command: str, folder: Path, *options: str) -> list[str]:
    """Return the npm command line that works on the `package.json` of a folder."""
    return ["npm", command, "--prefix", str(folder), *_NPM_OPTIONS, *options]

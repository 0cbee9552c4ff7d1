"""`scripts/build_vscode_extension`: from TypeScript to the `.vsix` that users install."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from scripts.set_up.install import cache_folder
from scripts.set_up.progress import Reporter, StepFailed, run_step
from scripts.vscode.node import npm, require_node

EXTENSION = Path(__file__).resolve().parents[2] / "editors" / "vscode"
VSIX = EXTENSION / "out" / "bantam.vsix"


def main(arguments: list[str]) -> int:
    """Build and return the exit status."""
    argparse.ArgumentParser(
        prog="scripts/build_vscode_extension",
        description=f"Check, bundle and package the VS Code extension as {VSIX.name}.",
    ).parse_args(arguments)
    try:
        print(build(Reporter(sys.stderr)))
    except StepFailed as error:
        print(f"scripts/build_vscode_extension: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/build_vscode_extension: interrupted", file=sys.stderr)
        return 130
    return 0


def build(reporter: Reporter) -> Path:
    """Build the extension and return the packaged file.

    Raises:
        StepFailed: node is missing, the types do not fit, or a command failed.
    """
    require_node()
    logs = cache_folder(os.environ) / "logs"

    def step(title: str, command: list[str], log_name: str) -> None:
        run_step(title, command, reporter, log_file=logs / log_name, environment=os.environ)

    if not _has_packages():
        step("Installing build tools", npm("ci", EXTENSION), "vscode-packages.log")
    step("Checking types", npm("run", EXTENSION, "check"), "vscode-check.log")
    step("Bundling", npm("run", EXTENSION, "bundle"), "vscode-bundle.log")
    step("Packaging", npm("run", EXTENSION, "package"), "vscode-package.log")
    return VSIX


def _has_packages() -> bool:
    """Whether node_modules is what package-lock.json says, or newer than it."""
    installed = EXTENSION / "node_modules" / ".package-lock.json"
    wanted = EXTENSION / "package-lock.json"
    return installed.is_file() and installed.stat().st_mtime >= wanted.stat().st_mtime


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

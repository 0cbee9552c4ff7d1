"""`scripts/install_vscode`: a real VS Code, from packages, to test the extension in.

VS Code's server and its web workbench are the ones that the npm package code-server carries;
no native module is built, because the tests need none.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from pathlib import Path

from scripts.set_up.progress import Reporter, StepFailed, run_step
from scripts.vscode.node import npm, require_node
from scripts.vscode.workbench import PACKAGES, Workbench, workbench


def main(arguments: list[str]) -> int:
    """Install what is missing and return the exit status."""
    argparse.ArgumentParser(
        prog="scripts/install_vscode",
        description="Install VS Code, a node for it and a browser into Bantam's cache folder, "
        "for tests/e2e/test_vscode.py. A second run takes less than a second.",
    ).parse_args(arguments)
    target = workbench()
    if target.is_installed():
        print(f"VS Code for tests is in {target.folder}", file=sys.stderr)
        return 0
    try:
        install(target, Reporter(sys.stderr))
    except StepFailed as error:
        print(f"scripts/install_vscode: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/install_vscode: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def install(target: Workbench, reporter: Reporter) -> None:
    """Install everything.

    Raises:
        StepFailed: A command failed, or this machine lacks something that only its owner can
            install.
    """
    if sys.platform != "linux":
        raise StepFailed(
            f"this VS Code is for tests on Linux, and this machine is {sys.platform}; "
            "try the extension with 'code --install-extension' instead"
        )
    require_node()
    logs = target.folder / "logs"
    target.folder.mkdir(parents=True, exist_ok=True)
    target.mark_incomplete()
    _install_chromium(target, reporter, logs)
    for name in ("package.json", "package-lock.json"):
        shutil.copyfile(PACKAGES / name, target.folder / name)
    run_step(
        "Installing VS Code and node",
        npm("ci", target.folder),
        reporter,
        log_file=logs / "code-server.log",
        environment=os.environ,
    )
    # From now on npm runs on the node that this VS Code is made for.
    path = f"{target.node.parent}{os.pathsep}{os.environ['PATH']}"
    run_step(
        "Installing VS Code's own packages",
        # VS Code's lock file lacks one package that its package.json names, so not `ci`.
        npm("install", target.vscode, "--no-save", "--omit=dev", "--omit=optional"),
        reporter,
        log_file=logs / "vscode.log",
        environment={**os.environ, "PATH": path},
    )
    target.mark_installed()


def _install_chromium(target: Workbench, reporter: Reporter, logs: Path) -> None:
    if target.chromium is not None:
        return
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise StepFailed(
            "a browser is missing: neither chromium nor google-chrome is on PATH. "
            "Install: sudo apt install chromium"
        )
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for title, command in [
        ("Reading the lists of packages", ["apt-get", "update"]),
        (
            "Installing chromium",
            ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"],
        ),
    ]:
        log_file = logs / f"apt-{command[1]}.log"
        run_step(title, command, reporter, log_file=log_file, environment=environment)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

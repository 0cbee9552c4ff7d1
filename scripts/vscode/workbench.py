"""The installed VS Code: where it lies, and whether it is the one that the lock file names."""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.set_up.install import cache_folder

#: What npm installs: code-server (which carries VS Code's own server), node and playwright-core.
PACKAGES = Path(__file__).parent / "packages"

_CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


@dataclass(frozen=True, slots=True)
class Workbench:
    """A VS Code server with its node, and a browser to show it.

    Attributes:
        folder: Where everything but the browser lies; kept between runs.
    """

    folder: Path

    @property
    def node_modules(self) -> Path:
        """Where npm installs to."""
        return self.folder / "node_modules"

    @property
    def node(self) -> Path:
        """The node that this VS Code is made for."""
        machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), "x64")
        return self.node_modules / f"node-{sys.platform}-{machine}" / "bin" / "node"

    @property
    def vscode(self) -> Path:
        """VS Code's own folder in the package."""
        return self.node_modules / "code-server" / "lib" / "vscode"

    @property
    def server_main(self) -> Path:
        """The program of VS Code's server."""
        return self.vscode / "out" / "server-main.js"

    @property
    def chromium(self) -> Path | None:
        """The browser, if there is one."""
        found = next(filter(None, map(shutil.which, _CHROMIUM_NAMES)), None)
        return Path(found) if found else None

    def is_installed(self) -> bool:
        """Whether a whole installation of these very versions is there."""
        try:
            installed = self._mark.read_text(encoding="utf-8")
        except FileNotFoundError:
            return False
        return installed == _fingerprint() and self.chromium is not None

    def mark_installed(self) -> None:
        """Remember that everything was installed."""
        self._mark.write_text(_fingerprint(), encoding="utf-8")

    def mark_incomplete(self) -> None:
        """Remember that an installation has begun."""
        self._mark.unlink(missing_ok=True)

    @property
    def _mark(self) -> Path:
        return self.folder / "installed"


def workbench(variables: Mapping[str, str] = os.environ) -> Workbench:
    """Return the workbench of this user, installed or not."""
    return Workbench(cache_folder(variables) / "vscode")


def _fingerprint() -> str:
    return hashlib.sha256((PACKAGES / "package-lock.json").read_bytes()).hexdigest()

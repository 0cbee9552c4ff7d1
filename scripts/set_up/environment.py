"""The `.venv` folder: which inputs it was made from, and whether it is complete."""

from __future__ import annotations

import enum
import hashlib
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path


class Kind(enum.Enum):
    """What is installed: for users, or for tests and checks too."""

    RUNTIME = "runtime"
    DEV = "dev"


@dataclass(frozen=True)
class Environment:
    """The virtual environment of one clone.

    It is complete when its stamp, which is written last, names the inputs of now; whatever an
    interrupted run left has no stamp.

    Attributes:
        root: The project's folder.
        kind: What has to be installed.
    """

    root: Path
    kind: Kind

    @property
    def folder(self) -> Path:
        """The virtual environment."""
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        """Its interpreter."""
        if sys.platform == "win32":
            return self.folder / "Scripts" / "python.exe"
        return self.folder / "bin" / "python"

    @property
    def engine_lock(self) -> Path:
        """The pinned llama-cpp-python, with its hash."""
        return self.root / "requirements" / "engine.lock"

    @property
    def lock(self) -> Path:
        """Everything else, with hashes."""
        return self.root / "requirements" / f"{self.kind.value}.lock"

    @property
    def cmake_args(self) -> str:
        """How llama.cpp is built: what the user asks for, after what we never need."""
        return " ".join(["-DLLAVA_BUILD=OFF", os.environ.get("CMAKE_ARGS", "")]).strip()

    def is_ready(self) -> bool:
        """Whether everything is installed already."""
        try:
            stamp = self._stamp_file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return False
        # What tests need contains what users need.
        kinds = {Kind.DEV, self.kind}
        stamps = [Environment(self.root, kind)._stamp() for kind in kinds]
        return stamp in stamps and self.python.exists()

    def is_usable(self) -> bool:
        """Whether there is an interpreter of this version that can be installed into."""
        code = "import sys, pip; print(*sys.version_info[:2])"
        try:
            result = subprocess.run(
                [self.python, "-c", code], capture_output=True, text=True, check=False
            )
        except OSError:
            return False
        return result.stdout.split() == [str(part) for part in sys.version_info[:2]]

    def mark_incomplete(self) -> None:
        """Remove the stamp, before anything is changed."""
        self._stamp_file.unlink(missing_ok=True)

    def mark_ready(self) -> None:
        """Write the stamp, after everything is done."""
        aside = self._stamp_file.with_suffix(".part")
        aside.write_text(self._stamp(), encoding="utf-8")
        aside.replace(self._stamp_file)

    def _stamp(self) -> str:
        """Return the kind and a hash of all that decides what is installed."""
        digest = hashlib.sha256()
        for path in (self.engine_lock, self.lock, self.root / "pyproject.toml"):
            digest.update(path.read_bytes())
        digest.update(f"{sys.version_info[:2]} {self.root} {self.cmake_args}".encode())
        return f"{self.kind.value} {digest.hexdigest()}\n"

    @property
    def _stamp_file(self) -> Path:
        return self.folder / "bantam-setup.txt"

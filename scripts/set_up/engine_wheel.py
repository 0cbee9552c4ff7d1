"""The llama-cpp-python wheel: compiled once per version, options and processor, then kept."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.set_up.environment import Environment
from scripts.set_up.processor import cpu_features
from scripts.set_up.progress import Reporter, StepFailed, run_step

_PIN = re.compile(r"^llama-cpp-python==(\S+)", re.MULTILINE)


@dataclass(frozen=True)
class EngineWheel:
    """The wheel in the cache.

    Attributes:
        lock: The file that pins the source distribution by hash.
        version: The pinned version.
        cmake_args: How llama.cpp is configured.
        folder: Where the wheel is kept; named after all that it depends on.
    """

    lock: Path
    version: str
    cmake_args: str
    folder: Path

    @classmethod
    def of(cls, environment: Environment, cache: Path) -> EngineWheel:
        """Return the wheel that this environment needs."""
        text = environment.engine_lock.read_text(encoding="utf-8")
        found = _PIN.search(text)
        if found is None:
            raise StepFailed(f"{environment.engine_lock} does not pin llama-cpp-python")
        # The build uses this processor's own instructions, so another one needs its own wheel.
        facts = [text, environment.cmake_args, sys.platform, platform.machine(), cpu_features()]
        key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
        return cls(
            lock=environment.engine_lock,
            version=found[1],
            cmake_args=environment.cmake_args,
            folder=cache / "wheels" / f"llama-cpp-python-{found[1]}-{key}",
        )

    def is_built(self) -> bool:
        """Whether it is in the cache."""
        return any(self.folder.glob("*.whl"))

    def path(self) -> Path:
        """Return the wheel's file."""
        return next(self.folder.glob("*.whl"))

    def build(
        self, pip: list[str], reporter: Reporter, *, log_file: Path, environment: Mapping[str, str]
    ) -> None:
        """Download the pinned source, check its hash, compile it, and keep the wheel.

        Raises:
            StepFailed: It does not compile, or the download failed.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # Built aside and moved when complete, so that an interrupted build leaves no wheel.
        with tempfile.TemporaryDirectory(dir=self.folder.parent) as aside:
            built = Path(aside, "wheel")
            run_step(
                f"Compiling llama-cpp-python {self.version} (once, some minutes)",
                [
                    *[*pip, "wheel", "-v", "--no-deps", "--no-binary", "llama-cpp-python"],
                    # pip's own cache has wheels of other options and processors.
                    "--no-cache-dir",
                    *["--require-hashes", "--requirement", str(self.lock)],
                    *["--wheel-dir", str(built)],
                ],
                reporter,
                log_file=log_file,
                environment={
                    **environment,
                    "CMAKE_ARGS": self.cmake_args,
                },
            )
            shutil.rmtree(self.folder, ignore_errors=True)
            built.rename(self.folder)

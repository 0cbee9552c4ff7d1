"""Build llama-server from llama-cpp-python's own source archive; once per version and machine.

The standard library only.  A tool for benchmarks: nothing that ships needs it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shlex
import shutil
import sys
import tarfile
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from scripts.set_up.install import cache_folder, clean_environment
from scripts.set_up.processor import cpu_features
from scripts.set_up.progress import Reporter, StepFailed, run_step
from scripts.vocabularies.fetch import FetchFailed, download_archive, pinned_archive

PROGRAM = "llama-server.exe" if sys.platform == "win32" else "llama-server"
_SOURCE = PurePosixPath("vendor/llama.cpp")
#: What we do not need of it, and libraries that stay findable when the folder is moved.  The
#: compiler's flags are those that our own build has: a release for this processor.
CMAKE_FLAGS = (
    "-DCMAKE_BUILD_TYPE=Release",
    "-DCMAKE_BUILD_WITH_INSTALL_RPATH=ON",
    "-DCMAKE_INSTALL_RPATH=$ORIGIN",
    "-DLLAMA_BUILD_TESTS=OFF",
    "-DLLAMA_BUILD_EXAMPLES=OFF",
    "-DLLAMA_BUILD_UI=OFF",
    "-DLLAMA_CURL=OFF",
    "-DLLAMA_OPENSSL=OFF",
)


class PeerNotBuilt(Exception):
    """The peer cannot be built here; the message says why."""


@dataclass(frozen=True, slots=True)
class PeerBuild:
    """A build in the cache.

    Attributes:
        archive: Name and version of the source archive.
        cmake_args: What the user gives to all builds of llama.cpp.
        folder: Where the build is kept; named after all that it depends on.
        logs: Where the commands' output goes.
    """

    archive: str
    cmake_args: tuple[str, ...]
    folder: Path
    logs: Path

    @classmethod
    def of(cls, variables: Mapping[str, str] = os.environ) -> PeerBuild:
        """Return the build that this machine needs."""
        archive = pinned_archive()
        cmake_args = tuple(shlex.split(variables.get("CMAKE_ARGS", "")))
        facts = [archive, *CMAKE_FLAGS, *cmake_args, platform.machine(), cpu_features()]
        key = hashlib.sha256("\n".join(facts).encode()).hexdigest()[:12]
        cache = cache_folder(variables)
        return cls(archive, cmake_args, cache / "peer" / f"{archive}-{key}", cache / "logs")

    @property
    def program(self) -> Path:
        """The server's file, built or not."""
        return self.folder / PROGRAM

    def ensure(self, reporter: Reporter) -> Path:
        """Return the server's file; builds it if it is not there.

        Raises:
            PeerNotBuilt: It does not compile, or a tool or the archive is missing.
        """
        if not self.program.is_file():
            self._build(reporter)
        return self.program

    def _build(self, reporter: Reporter) -> None:
        if shutil.which("cmake") is None:
            raise PeerNotBuilt("cmake is not installed")
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        # Built aside and moved when complete, so that an interrupted build leaves nothing.
        with tempfile.TemporaryDirectory(dir=self.folder.parent, prefix=".build-") as aside:
            try:
                source = _unpack(download_archive(Path(aside, "archive")), Path(aside))
                built = self._compile(source, Path(aside, "build"), reporter)
            except (FetchFailed, StepFailed) as error:
                raise PeerNotBuilt(str(error)) from error
            shutil.rmtree(self.folder, ignore_errors=True)
            built.rename(self.folder)

    def _compile(self, source: Path, build: Path, reporter: Reporter) -> Path:
        # Ninja says how far it is.
        generator = ["-G", "Ninja"] if shutil.which("ninja") else []
        configure = ["cmake", "-S", str(source), "-B", str(build), *generator]
        run_step(
            "Configuring llama-server",
            [*configure, *CMAKE_FLAGS, *self.cmake_args],
            reporter,
            log_file=self.logs / "peer-configure.log",
            environment=clean_environment(os.environ),
        )
        polite = ["nice", "-n", "10"] if shutil.which("nice") else []
        jobs = str(os.cpu_count() or 1)
        run_step(
            f"Compiling llama-server of {self.archive} (once, 5 to 10 minutes)",
            [*polite, "cmake", "--build", str(build), "--target", "llama-server", "-j", jobs],
            reporter,
            log_file=self.logs / "peer.log",
            environment=clean_environment(os.environ),
        )
        return next(build.rglob(PROGRAM)).parent


def _unpack(archive: Path, folder: Path) -> Path:
    """Unpack llama.cpp's part of the archive and return its folder."""
    with tarfile.open(archive) as members:
        for member in members:
            # The first part of the path is the archive's own folder.
            path = PurePosixPath(*PurePosixPath(member.name).parts[1:])
            if path.is_relative_to(_SOURCE):
                members.extract(member, folder, filter="data")
    found = list(folder.glob(f"*/{_SOURCE}"))
    if len(found) != 1:
        raise PeerNotBuilt(f"{archive.name} has no folder {_SOURCE}")
    return found[0]


def main() -> int:
    """Build, and say where the server is."""
    try:
        program = PeerBuild.of().ensure(Reporter(sys.stderr))
    except (PeerNotBuilt, OSError) as error:
        print(f"scripts/build_peer: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/build_peer: interrupted; run it again to build", file=sys.stderr)
        return 130
    print(program)
    return 0

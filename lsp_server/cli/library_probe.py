"""Ask the model library what it is, in a process of its own: loading it may end that process."""

from __future__ import annotations

import re
import signal
import subprocess
import sys

import msgspec

#: Loading a library of some hundred megabytes from a cold disk takes seconds.
_TIMEOUT_S = 60.0
#: `CPU : SSE3 = 1 | AVX2 = 1 | ` and the same for each other back end.
_BACKEND = re.compile(r"(\w+) : ((?:\w+ = [^|]+ \| ?)+)")


class LibraryFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What `engine.library_facts` prints.

    Attributes:
        binding_version: Of the package llama-cpp-python.
        library_version: What llama.cpp calls itself.
        system_info: Its line about back ends and their features.
        has_gpu_offload: Whether it was built for a GPU and finds one.
    """

    binding_version: str
    library_version: str
    system_info: str
    has_gpu_offload: bool

    @property
    def features(self) -> dict[str, list[str]]:
        """The features that are on, by back end: `{"CPU": ["AVX2", ...]}`."""
        return {
            name: [flag.split(" = ")[0] for flag in flags.split(" | ") if flag.endswith(" = 1")]
            for name, flags in _BACKEND.findall(self.system_info)
        }


class LibraryProbeError(Exception):
    """The library cannot be loaded; the message says how it failed."""


def probe_library() -> LibraryFacts:
    """Load the library in another process and return what it says.

    Raises:
        LibraryProbeError: It is missing, it crashed, or it does not answer.
    """
    # -P: what lies in the current folder, which may be any project, is never imported.
    command = [sys.executable, "-P", "-m", "lsp_server.engine.library_facts"]
    try:
        result = subprocess.run(command, capture_output=True, timeout=_TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise LibraryProbeError(f"it did not load within {_TIMEOUT_S:g} s") from error
    if result.returncode != 0:
        raise LibraryProbeError(_failure(result))
    return msgspec.json.decode(result.stdout, type=LibraryFacts)


def _failure(result: subprocess.CompletedProcess[bytes]) -> str:
    if result.returncode < 0:
        name = signal.Signals(-result.returncode).name
        hint = "; it was probably built for another processor" if name == "SIGILL" else ""
        return f"loading it ended the process with {name}{hint}"
    lines = result.stderr.decode(errors="replace").strip().splitlines()
    return lines[-1] if lines else f"loading it ended with status {result.returncode}"

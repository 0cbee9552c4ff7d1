"""What the processor can do, and what the compiler has to be told because of it."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from pathlib import Path

_CPU_INFO = Path("/proc/cpuinfo")
_AMX_HEADER = Path(__file__).with_name("amx_tiles.h")


def cpu_features() -> str:
    """Return what the processor can do; a build for one may not run on another."""
    try:
        lines = _CPU_INFO.read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def compiler_repair() -> str:
    """Return the text that is compiled before llama.cpp on this processor; empty for none.

    See `amx_tiles.h`.  It is part of what a build depends on.
    """
    return _AMX_HEADER.read_text(encoding="utf-8") if _has_amx() else ""


def compiler_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return variables for a build of llama.cpp, with the repair in them if it is needed.

    `CMAKE_CXX_FLAGS` among the user's own `CMAKE_ARGS` takes the place of what is added here.
    """
    if not _has_amx():
        return dict(variables)
    flags = f"{variables.get('CXXFLAGS', '')} -include {_AMX_HEADER}".strip()
    return {**variables, "CXXFLAGS": flags}


def _has_amx() -> bool:
    return "amx_tile" in cpu_features().split()

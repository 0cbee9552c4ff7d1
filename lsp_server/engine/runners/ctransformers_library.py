"""Loading ctransformers, and which of its compiled libraries suits this processor.  No policy.

It comes compiled for three kinds of x86 processors and, left alone, finds out by a process of its
own which one it may use.  On Linux the kernel says so at once.
"""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Any

from lsp_server.errors import ModelLoadError

_CPU_FACTS = Path("/proc/cpuinfo")
#: What the library of each name was compiled for, best first.
_NEEDED_FLAGS = {"avx2": {"avx2", "fma", "f16c"}, "avx": {"avx", "f16c"}}
_OLDEST = "basic"
_X86 = frozenset({"x86_64", "amd64"})


def import_library() -> Any:
    """Return the module of ctransformers.

    Raises:
        ModelLoadError: It is not installed.
    """
    try:
        import ctransformers
    except ImportError as error:
        raise ModelLoadError(
            f"the engine ctransformers is not installed here ({error}): install it with "
            "`pip install 'bantam-lsp[ctransformers]'`, or use the engine llama.cpp "
            '(`--engine llama.cpp`, or engine.library = "llama.cpp")'
        ) from error
    return ctransformers


def library_name() -> str | None:
    """Return which compiled library to load; `None` lets ctransformers find out."""
    if platform.machine().lower() not in _X86 or not _CPU_FACTS.is_file():
        return None
    return library_for(_CPU_FACTS.read_text(encoding="utf-8", errors="replace"))


def library_for(cpu_facts: str) -> str:
    """Return the best library for the processor that `/proc/cpuinfo` describes."""
    lines = (line.partition(":") for line in cpu_facts.splitlines())
    flags = next((set(value.split()) for key, _, value in lines if key.strip() == "flags"), set())
    return next((name for name, needed in _NEEDED_FLAGS.items() if needed <= flags), _OLDEST)

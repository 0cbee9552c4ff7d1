"""How much memory a process takes, as the system counts it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import psutil

from scripts.engine_bench.benchmark import Values

_MIB = 1024**2


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory of one process or of several, in bytes.

    Attributes:
        rss: Resident; what several processes share counts for each.
        pss: Resident, and what is shared counts in equal parts; `None` where only root may see it.
    """

    rss: int
    pss: int | None

    @property
    def values(self) -> Values:
        """For programs, in MiB."""
        return {
            "rss_mib": round(self.rss / _MIB, 1),
            "pss_mib": None if self.pss is None else round(self.pss / _MIB, 1),
        }


def memory_of(pid: int) -> Memory:
    """Return what a process and its children take now.

    Raises:
        psutil.NoSuchProcess: It has ended.
    """
    process = psutil.Process(pid)
    return total([_memory_of_one(one) for one in (process, *process.children(recursive=True))])


def total(several: Iterable[Memory]) -> Memory:
    """Return the sum."""
    memories = list(several)
    shares = [one.pss for one in memories if one.pss is not None]
    return Memory(
        rss=sum(one.rss for one in memories),
        pss=sum(shares) if len(shares) == len(memories) else None,
    )


def _memory_of_one(process: psutil.Process) -> Memory:
    try:
        found = process.memory_full_info()
    except psutil.AccessDenied:
        return Memory(process.memory_info().rss, None)
    return Memory(found.rss, getattr(found, "pss", None))

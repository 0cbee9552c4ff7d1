"""What this machine has: cores and memory.  Linux is read exactly, other systems roughly."""

from __future__ import annotations

import contextlib
import math
import os
import platform
from pathlib import Path

_CPU_FOLDER = Path("/sys/devices/system/cpu")
_CGROUP_FOLDER = Path("/sys/fs/cgroup")


def num_physical_cores() -> int:
    """Return the physical cores that this process may run on; logical ones if unknown."""
    logical = usable_cpus()
    cores = {_siblings_of(cpu) for cpu in logical}
    return max(len(cores), 1)


def num_usable_cores() -> int:
    """Return the physical cores that this process may keep busy: in a container, its share."""
    quota = _cgroup_cpus()
    cores = num_physical_cores()
    return cores if quota is None else max(min(cores, math.ceil(quota)), 1)


def usable_cpus() -> list[int]:
    """Return the numbers of the logical CPUs that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def processor_name() -> str:
    """Return what the processor calls itself, as far as the system says."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def load_per_core() -> float:
    """Return how many programs wanted each core in the last minute; 0 if the system hides it."""
    if not hasattr(os, "getloadavg"):
        return 0.0
    with contextlib.suppress(OSError):
        return os.getloadavg()[0] / len(usable_cpus())
    return 0.0


def available_memory_bytes() -> int | None:
    """Return the memory that can be taken without swapping, or `None` if the system hides it.

    On Linux that is `MemAvailable`, or what the control group leaves if that is less.
    """
    available = _linux_available_bytes()
    left = _cgroup_left_bytes()
    if available is None or left is None:
        return available
    return min(available, left)


def total_memory_bytes() -> int | None:
    """Return the memory that this machine has, or `None` if the system hides it."""
    if not hasattr(os, "sysconf"):
        return None
    with contextlib.suppress(OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _siblings_of(cpu: int) -> str:
    """Return a name for the core of a logical CPU: the list of all logical CPUs on it."""
    path = _CPU_FOLDER / f"cpu{cpu}" / "topology" / "thread_siblings_list"
    try:
        return path.read_text().strip()
    except OSError:
        return str(cpu)


def _cgroup_cpus() -> float | None:
    """Return how many processors the control group (version 2) grants, or `None` for all."""
    with contextlib.suppress(OSError, ValueError):
        quota, period = (_CGROUP_FOLDER / "cpu.max").read_text().split()
        return int(quota) / int(period)
    return None


def _linux_available_bytes() -> int | None:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return None
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    value = fields.get("MemAvailable", "").split()
    return int(value[0]) * 1024 if value else None


def _cgroup_left_bytes() -> int | None:
    """Return what the control group (version 2) leaves, page cache counted as free."""
    with contextlib.suppress(OSError, ValueError):
        limit = int((_CGROUP_FOLDER / "memory.max").read_text())
        used = int((_CGROUP_FOLDER / "memory.current").read_text())
        stat = dict(
            line.split(" ", 1) for line in (_CGROUP_FOLDER / "memory.stat").read_text().splitlines()
        )
        return limit - used + int(stat.get("inactive_file", "0"))
    return None

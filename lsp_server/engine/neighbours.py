"""How many CPUs other programs want, and how many threads to compute with beside them.

All threads wait for the slowest one after each of the many operations of a step.  One that shares
its core with another program holds up the rest, so such a core is better left to that program.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import psutil

from lsp_server.engine.machine import usable_cpus

logger = logging.getLogger(__name__)

#: Shorter times are not counted exactly enough: systems count in hundredths of a second.
_MIN_LOOK_S = 0.25
#: A program that wants so much of a CPU may be computed beside, at some loss.
_SHARED_CPU = 0.25
#: So much of all CPUs is idle at most when they are taken.
_IDLE_CPUS = 0.1


@dataclass(frozen=True, slots=True)
class CpuUse:
    """Seconds since some moment.

    Attributes:
        wall_s: That have passed.
        own_s: Processor time of this process.
        all_s: Processor time of everybody on the CPUs that this process may run on.
    """

    wall_s: float
    own_s: float
    all_s: float

    def since(self, earlier: CpuUse) -> CpuUse:
        """Return what was used in between."""
        return CpuUse(
            self.wall_s - earlier.wall_s, self.own_s - earlier.own_s, self.all_s - earlier.all_s
        )


def read_cpu_use() -> CpuUse:
    """Return the system's counters; where it hides them, as if there was nobody else."""
    wall_s, own_s = time.monotonic(), time.process_time()
    try:
        times = psutil.cpu_times(percpu=True)
    except (OSError, psutil.Error) as error:
        logger.debug("the system does not say how busy its CPUs are: %s", error)
        return CpuUse(wall_s, own_s, own_s)
    usable = [times[cpu] for cpu in usable_cpus() if cpu < len(times)]
    busy = (one.user + one.system + getattr(one, "nice", 0.0) for one in usable)
    return CpuUse(wall_s, own_s, sum(busy))


def cpus_wanted(used: CpuUse, num_cpus: int, num_threads: int) -> float:
    """Return how many CPUs other programs would keep busy if they had them alone.

    Args:
        used: In some time.
        num_cpus: That all have together.
        num_threads: Of this process, which want a CPU each when it computes.
    """
    own = used.own_s / used.wall_s
    others = max(used.all_s - used.own_s, 0.0) / used.wall_s
    is_taken = own + others > num_cpus - _IDLE_CPUS
    if not is_taken or own <= 0.0:
        return others
    # Who waits for a CPU gets the same share of what he wants, we and they.
    return others * max(num_threads / own, 1.0)


def threads_beside(wanted_cpus: float, num_cpus: int, max_threads: int) -> int:
    """Return how many threads to compute with.

    One for each CPU that is left, but at least half of them all; and all of them where others
    want every CPU, because then each thread more is a larger share.

    Args:
        wanted_cpus: By other programs.
        num_cpus: That there are.
        max_threads: To use on a quiet machine.
    """
    num_left = math.ceil(num_cpus - wanted_cpus - _SHARED_CPU)
    if num_left <= 0:
        return max_threads
    return min(max_threads, max(num_left, (max_threads + 1) // 2))


class ThreadCount:
    """The number of threads to compute with, as other programs come and go."""

    def __init__(
        self,
        max_threads: int,
        num_cpus: int,
        read: Callable[[], CpuUse] = read_cpu_use,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin as on a quiet machine.

        Args:
            max_threads: To use then.
            num_cpus: That this process may run on.
            read: Reads the counters.
            clock: Their `wall_s`.
        """
        self.num_threads = max_threads
        self._max_threads = max_threads
        self._num_cpus = num_cpus
        self._read = read
        self._clock = clock
        self._before = read()

    def renew(self) -> bool:
        """Look at the counters again, if it is time; return whether the number is another now."""
        if self._clock() - self._before.wall_s < _MIN_LOOK_S:
            return False
        now = self._read()
        used, self._before = now.since(self._before), now
        wanted = cpus_wanted(used, self._num_cpus, self.num_threads)
        num_threads = threads_beside(wanted, self._num_cpus, self._max_threads)
        was_other = num_threads != self.num_threads
        self.num_threads = num_threads
        return was_other

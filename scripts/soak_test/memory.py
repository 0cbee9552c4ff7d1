"""Memory of the server and of each engine that lived, sample by sample."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

import psutil

#: Samples at each end of a time whose median counts: one sample hits or misses a collection.
_NUM_SAMPLES = 10
#: Seconds between two samples.
SAMPLE_S = 1.0


@dataclass(frozen=True, slots=True)
class Sample:
    """A process at one moment.

    Attributes:
        at_s: Seconds since this process was first seen.
        num_bytes: Resident memory.
        num_files: Open file descriptors.
        num_threads: Threads.
    """

    at_s: float
    num_bytes: int
    num_files: int
    num_threads: int


@dataclass
class Watched:
    """One process over its time.

    Attributes:
        name: What the report calls it.
        samples: In the order of time.
    """

    name: str
    process: psutil.Process
    started_s: float
    samples: list[Sample] = field(default_factory=list)

    def look(self, now_s: float) -> None:
        """Take a sample; a process that has ended gives none."""
        try:
            with self.process.oneshot():
                sample = Sample(
                    at_s=now_s - self.started_s,
                    num_bytes=self.process.memory_info().rss,
                    num_files=_num_files(self.process),
                    num_threads=self.process.num_threads(),
                )
        except psutil.Error:
            return
        self.samples.append(sample)

    def growth(self, warm_up_s: float) -> Growth | None:
        """Return what it took after the warm-up and at the end; `None` if it lived too short."""
        settled = [sample for sample in self.samples if sample.at_s >= warm_up_s]
        if len(settled) < 2 * _NUM_SAMPLES:
            return None
        first, last = settled[:_NUM_SAMPLES], settled[-_NUM_SAMPLES:]
        return Growth(
            name=self.name,
            first_bytes=int(statistics.median(sample.num_bytes for sample in first)),
            last_bytes=int(statistics.median(sample.num_bytes for sample in last)),
            first_files=int(statistics.median(sample.num_files for sample in first)),
            last_files=int(statistics.median(sample.num_files for sample in last)),
            seconds=settled[-1].at_s - settled[0].at_s,
            bytes_by_minute=tuple(
                sample.num_bytes for sample in self.samples[:: max(1, round(60 / SAMPLE_S))]
            ),
        )


@dataclass(frozen=True, slots=True)
class Growth:
    """What a process took after its warm-up and at its end."""

    name: str
    first_bytes: int
    last_bytes: int
    first_files: int
    last_files: int
    seconds: float
    bytes_by_minute: tuple[int, ...]

    @property
    def share(self) -> float:
        """By how much the memory grew; 0.05 is 5 percent."""
        return self.last_bytes / self.first_bytes - 1.0


class MemoryWatch:
    """Looks at the server, and at whatever process is the engine at that time."""

    def __init__(self, server_pid: int, now_s: float) -> None:
        self.server = Watched("server", psutil.Process(server_pid), now_s)
        self.engines: list[Watched] = []

    @property
    def processes(self) -> list[Watched]:
        """All processes that were seen."""
        return [self.server, *self.engines]

    def look(self, engine_pid: int | None, now_s: float) -> None:
        """Take a sample of both.

        Args:
            engine_pid: Process id of the engine that runs, if one does.
            now_s: Seconds of a monotonic clock.
        """
        self.server.look(now_s)
        if engine_pid is None:
            return
        if not self.engines or self.engines[-1].process.pid != engine_pid:
            try:
                process = psutil.Process(engine_pid)
            except psutil.NoSuchProcess:
                return
            name = f"engine {len(self.engines) + 1}"
            self.engines.append(Watched(name, process, now_s))
        self.engines[-1].look(now_s)


def _num_files(process: psutil.Process) -> int:
    """Return the open file descriptors; 0 where an engine lets nobody but root look."""
    try:
        return int(process.num_fds())
    except psutil.AccessDenied:
        return 0

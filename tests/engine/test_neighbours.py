"""How many threads compute beside other programs."""

from __future__ import annotations

import time
from itertools import count

import pytest

from lsp_server.engine.neighbours import (
    CpuUse,
    ThreadCount,
    cpus_wanted,
    read_cpu_use,
    threads_beside,
)


class Machine:
    """CPUs that programs share evenly when they want more than there are."""

    def __init__(self, num_cpus: int, max_threads: int) -> None:
        self._num_cpus = num_cpus
        self._use = CpuUse(0.0, 0.0, 0.0)
        self.threads = ThreadCount(max_threads, num_cpus, lambda: self._use, self._clock)

    def compute(self, seconds: float, others: float) -> int:
        """Let the engine compute beside others; return how many threads it takes then."""
        return self.run(seconds, float(self.threads.num_threads), others)

    def run(self, seconds: float, own: float, others: float) -> int:
        share = min(1.0, self._num_cpus / (own + others)) if own + others else 1.0
        use = self._use
        self._use = CpuUse(
            use.wall_s + seconds,
            use.own_s + own * share * seconds,
            use.all_s + (own + others) * share * seconds,
        )
        self.threads.renew()
        return self.threads.num_threads

    def _clock(self) -> float:
        return self._use.wall_s


@pytest.mark.parametrize(
    ("num_cpus", "max_threads", "others", "expected"),
    [
        (2, 2, 0.0, 2),
        (2, 2, 0.3, 2),
        (2, 2, 1.0, 1),
        (2, 2, 2.0, 2),
        (2, 2, 5.0, 2),
        (8, 8, 1.0, 7),
        (8, 8, 3.0, 5),
        (8, 8, 6.0, 4),
        (8, 8, 8.0, 8),
        (8, 4, 3.0, 4),
        (8, 4, 5.0, 3),
        (1, 1, 1.0, 1),
    ],
)
def test_cores_that_others_keep_busy_are_left_to_them(
    num_cpus: int, max_threads: int, others: float, expected: int
) -> None:
    machine = Machine(num_cpus, max_threads)
    found = [machine.compute(0.3, others) for _ in range(6)]
    assert found == [expected] * 6, "the first look is enough, and what follows from it is stable"
    assert machine.compute(0.3, 0.0) == max_threads


def test_what_happened_before_the_engine_computed_counts_too() -> None:
    machine = Machine(2, 2)
    assert machine.run(60.0, 0.0, 1.0) == 1
    assert Machine(2, 2).run(60.0, 0.0, 0.1) == 2


def test_counters_are_not_read_at_every_step() -> None:
    reads = count()

    def read() -> CpuUse:
        next(reads)
        return CpuUse(0.0, 0.0, 0.0)

    threads = ThreadCount(2, 2, read, lambda: 0.2)
    assert not any(threads.renew() for _ in range(10))
    assert next(reads) == 1


def test_who_waits_for_a_cpu_wants_more_than_he_has() -> None:
    used = CpuUse(wall_s=1.0, own_s=4 / 3, all_s=2.0)
    assert cpus_wanted(used, num_cpus=2, num_threads=2) == pytest.approx(1.0)
    assert threads_beside(1.0, num_cpus=2, max_threads=2) == 1


def test_a_system_that_hides_its_counters_leaves_all_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hidden(*, percpu: bool) -> None:
        raise PermissionError("/proc/stat")

    monkeypatch.setattr("psutil.cpu_times", hidden)
    use = read_cpu_use()
    assert use.all_s == use.own_s


def test_the_systems_counters_move_with_the_work_of_this_process() -> None:
    before = read_cpu_use()
    while time.process_time() - before.own_s < 0.5:
        pass
    used = read_cpu_use().since(before)
    assert used.own_s >= 0.5
    assert used.wall_s >= 0.4
    # They are counted by the system's clock, so only roughly alike.
    assert used.all_s > 0.3

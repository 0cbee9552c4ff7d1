"""One kind of other work, and how keys and that work went beside each other."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from scripts.engine_bench.benchmark import Values
from scripts.engine_bench.summary import Summary, summarise


@dataclass(frozen=True, slots=True)
class Span:
    """When something ran, in seconds of one clock."""

    start_s: float
    end_s: float

    @property
    def ms(self) -> float:
        """How long it took, in milliseconds."""
        return (self.end_s - self.start_s) * 1_000

    def ms_beside(self, others: Iterable[Span]) -> float:
        """Return for how many milliseconds of it one of the others ran; those do not overlap."""
        overlaps_s = (
            min(self.end_s, other.end_s) - max(self.start_s, other.start_s) for other in others
        )
        return sum(max(0.0, overlap_s) for overlap_s in overlaps_s) * 1_000


@dataclass(slots=True)
class Case:
    """What was measured of one kind of other work.

    Attributes:
        alone_ms: Keys without it.
        beside_ms: Keys beside it.
        work_alone_ms: The work without keys.
        work_beside_ms: The work beside keys.
        keys_beside_work_ms: For how much of each of the latter a key was answered, too.
    """

    alone_ms: list[float] = field(default_factory=list)
    beside_ms: list[float] = field(default_factory=list)
    work_alone_ms: list[float] = field(default_factory=list)
    work_beside_ms: list[float] = field(default_factory=list)
    keys_beside_work_ms: list[float] = field(default_factory=list)

    @property
    def slowdown(self) -> float:
        """The median key beside the work, against the one alone."""
        return summarise(self.beside_ms).p50 / summarise(self.alone_ms).p50

    @property
    def work_loss(self) -> float | None:
        """What the work lost, as a share of the time that keys took meanwhile; 1 is fair."""
        keys_ms = sum(self.keys_beside_work_ms)
        if not keys_ms:
            return None
        alone_ms = summarise(self.work_alone_ms).mean * len(self.work_beside_ms)
        return (sum(self.work_beside_ms) - alone_ms) / keys_ms

    @property
    def values(self) -> Values:
        """For programs."""
        values: dict[str, object] = {
            "ms_alone": _values(summarise(self.alone_ms)),
            "ms_beside": _values(summarise(self.beside_ms)),
            "slowdown_p50": round(self.slowdown, 3),
        }
        if self.work_loss is not None:
            values["ms_work_alone"] = _values(summarise(self.work_alone_ms))
            values["ms_work_beside"] = _values(summarise(self.work_beside_ms))
            values["work_loss"] = round(self.work_loss, 3)
        return values


def _values(summary: Summary) -> Values:
    return {
        "n": summary.num_values,
        "p50": round(summary.p50, 2),
        "p95": round(summary.p95, 2),
    }

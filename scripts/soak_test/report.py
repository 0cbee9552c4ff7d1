"""The soak's last words: a table, and whether all held."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from scripts.soak_test.memory import Growth
from scripts.soak_test.tally import Tally, median_and_p95

MAX_GROWTH = 0.05


@dataclass(frozen=True, slots=True)
class Findings:
    """What a soak came to.

    Attributes:
        tally: What was asked, answered and shown.
        growths: Of the server and of every engine that lived long enough to be judged.
        num_kills: How often the engine was killed.
        exit_status: Of the server; `None` if it had to be killed.
    """

    tally: Tally
    growths: Sequence[Growth]
    num_kills: int
    exit_status: int | None

    @property
    def failures(self) -> list[str]:
        """Return what did not hold, each in a sentence."""
        tally = self.tally
        failures = [
            f"request {msg_id} ({asked.kind}) was never answered"
            for msg_id, asked in tally.pending.items()
        ]
        if tally.num_unexpected:
            failures.append(f"{tally.num_unexpected} answers belong to no open request")
        failures += [f"shown more than once: {message}" for message in tally.shown_too_often]
        failures += [f"a request failed: {text}" for text in tally.refusals if ": -32603" in text]
        failures += [
            f"{growth.name} grew by {growth.share:.1%}; the limit is {MAX_GROWTH:.0%}"
            for growth in self.growths
            if growth.share > MAX_GROWTH
        ]
        if self.exit_status != 0:
            failures.append(f"the server ended with status {self.exit_status}")
        return failures


def lines_of(findings: Findings) -> Iterable[str]:
    """Yield the report, line by line."""
    tally = findings.tally
    yield f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    yield (
        f"{'request':14} {'asked':>7} {'cancelled':>9} {'content':>8} "
        f"{'median ms':>9} {'p95 ms':>8}"
    )
    for kind in sorted(tally.num_asked):
        median_ms, p95_ms = median_and_p95(tally.latencies_ms[kind])
        yield (
            f"{kind:14} {tally.num_asked[kind]:7} {tally.num_cancelled[kind]:9} "
            f"{tally.num_with_content[kind]:8} {median_ms:9.1f} {p95_ms:8.1f}"
        )
    yield f"unanswered {len(tally.pending)}, engine killed {findings.num_kills} times"
    for growth in findings.growths:
        yield (
            f"{growth.name:9} {_mib(growth.first_bytes)} after the warm-up, "
            f"{_mib(growth.last_bytes)} after {growth.seconds:.0f} s more: {growth.share:+.1%}; "
            f"file descriptors {growth.first_files}, then {growth.last_files}"
        )
        by_minute = (f"{num_bytes / 2**20:.1f}" for num_bytes in growth.bytes_by_minute)
        yield f"{'':9} MiB by minute: {', '.join(by_minute)}"
    for message, count in Counter(tally.shown).most_common():
        yield f"shown {count} times: {message}"
    for text, count in tally.refusals.most_common():
        yield f"refused {count} times: {text}"
    failures = findings.failures
    yield from (f"FAILED: {failure}" for failure in failures)
    if not failures:
        yield "All held."


def _mib(num_bytes: int) -> str:
    return f"{num_bytes / 2**20:.1f} MiB"

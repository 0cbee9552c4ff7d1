"""What a soak counts: requests by kind, their answers and times, and what was shown."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

#: The client has cancelled the request, or changed the document meanwhile: no faults.
CANCELLED_CODES = frozenset({-32800, -32801, -32802})
_NUMBER = re.compile(r"\d+")


@dataclass(slots=True)
class Asked:
    """A request that is not answered yet.

    Attributes:
        kind: What it is called in the report.
        asked_s: When it was sent, in seconds of the client's clock.
    """

    kind: str
    asked_s: float


@dataclass
class Tally:
    """Everything that happened.

    Attributes:
        pending: Requests without an answer, by id.
        num_asked: Requests by kind.
        num_cancelled: Requests by kind that were answered as cancelled or outdated.
        num_with_content: Requests by kind whose answer held something.
        latencies_ms: Milliseconds to the answer by kind, of those that were not cancelled.
        num_unexpected: Answers to requests that were answered already, or never sent.
        refusals: Error answers, other than cancelled ones, by their text.
        shown: Warnings and errors shown to the person.
    """

    pending: dict[int, Asked] = field(default_factory=dict)
    num_asked: Counter[str] = field(default_factory=Counter)
    num_cancelled: Counter[str] = field(default_factory=Counter)
    num_with_content: Counter[str] = field(default_factory=Counter)
    latencies_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    num_unexpected: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    shown: list[str] = field(default_factory=list)

    def ask(self, msg_id: int, kind: str, now_s: float) -> None:
        """Take note of a request."""
        self.pending[msg_id] = Asked(kind, now_s)
        self.num_asked[kind] += 1

    def answer(self, message: dict[str, Any], now_s: float) -> None:
        """Take note of an answer."""
        asked = self.pending.pop(message.get("id", -1), None)
        if asked is None:
            self.num_unexpected += 1
        elif (error := message.get("error")) is None:
            self.latencies_ms[asked.kind].append((now_s - asked.asked_s) * 1_000)
            self.num_with_content[asked.kind] += _has_content(message.get("result"))
        elif error["code"] in CANCELLED_CODES:
            self.num_cancelled[asked.kind] += 1
        else:
            self.refusals[f"{asked.kind}: {error['code']} {error['message']}"] += 1

    def show(self, message: str) -> None:
        """Take note of a message to the person."""
        self.shown.append(message)

    @property
    def shown_too_often(self) -> list[str]:
        """Messages that were shown more than once, whatever had happened in between.

        A message that differs in numbers alone, such as times, is the same to a person.
        """
        counts = Counter(_NUMBER.sub("#", message) for message in self.shown)
        return [message for message, count in counts.items() if count > 1]


def median_and_p95(values: list[float]) -> tuple[float, float]:
    """Return the median and the 95th percentile; zeros for no values."""
    if len(values) < 2:
        return (values[0], values[0]) if values else (0.0, 0.0)
    return statistics.median(values), statistics.quantiles(values, n=20)[-1]


def _has_content(result: Any) -> bool:
    if isinstance(result, dict) and "items" in result:
        return bool(result["items"])
    return bool(result)

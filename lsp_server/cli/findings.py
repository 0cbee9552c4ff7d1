"""What `bantam doctor` finds: one line each, with a state and a remedy."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


class State(enum.Enum):
    """How well a part is."""

    OK = "ok"
    WARNING = "warning"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Finding:
    """One part of an installation.

    Attributes:
        part: What was looked at, in a word or two.
        text: What was found.
        state: How well it is.
        remedy: What to do; empty when all is well.
    """

    part: str
    text: str
    state: State = State.OK
    remedy: str = ""


def is_sound(findings: Sequence[Finding]) -> bool:
    """Return whether nothing is broken."""
    return all(finding.state is not State.BROKEN for finding in findings)


def findings_json(findings: Sequence[Finding]) -> dict[str, Any]:
    """Return the findings as plain values."""
    return {
        "ok": is_sound(findings),
        "findings": [
            {
                "part": finding.part,
                "state": finding.state.value,
                "text": finding.text,
                "remedy": finding.remedy,
            }
            for finding in findings
        ],
    }

"""Short runs that differ in one choice, and the table of what they gave.

Each run sees the same number of tokens, so the figures do not depend on what else the machine does;
speed stands beside them for whoever has time to spend instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from .config import RunConfig

#: What the runs gave; kept under version control.
RESULTS = Path(__file__).with_name("ablations.json")

_Parts = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One change of the configuration.

    Attributes:
        name: What tables call it.
        changes: New values by part (`shape`, `fim`, `train`) and field.
    """

    name: str
    changes: _Parts

    def of(self, base: RunConfig, num_tokens: int) -> RunConfig:
        """The changed configuration, with a budget of so many tokens."""
        train = replace(base.train, **self.changes.get("train", {}), max_tokens=num_tokens)
        return RunConfig(
            replace(base.shape, **self.changes.get("shape", {})),
            replace(base.fim, **self.changes.get("fim", {})),
            train,
        )


VARIANTS = (
    Variant("as shipped", {}),
    Variant("vocabulary of 4,096", {"shape": {"vocab_size": 4_096}}),
    Variant("vocabulary of 16,384", {"shape": {"vocab_size": 16_384}}),
    Variant(
        "4 layers of width 320",
        {
            "shape": {
                "num_layers": 4,
                "width": 320,
                "feed_forward_width": 864,
                "num_heads": 5,
                "num_kv_heads": 5,
            }
        },
    ),
    Variant(
        "10 layers of width 192",
        {
            "shape": {
                "num_layers": 10,
                "width": 192,
                "feed_forward_width": 544,
                "num_heads": 3,
                "num_kv_heads": 3,
            }
        },
    ),
    Variant("half of the samples with a hole", {"fim": {"rate": 0.5}}),
    Variant("all samples with a hole", {"fim": {"rate": 1.0}}),
    Variant("no long rows", {"train": {"long_row_share": 0.0}}),
    Variant("long rows from the start", {"train": {"long_row_share": 1.0}}),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a variant came to.

    Attributes:
        name: The variant.
        num_parameters: Weights in all.
        num_tokens: Tokens that it was trained on.
        tokens_per_second: Of training, on the machine and with the load of the day.
        bits_per_byte: Of held-out files, left to right.
        line_bits_per_char: Of held-out lines, filled in.
        line_exact: Share of these lines that are right.
        once: Nats a token of held-out source.
        twice: The same when it is said again at once.
    """

    name: str
    num_parameters: int
    num_tokens: int
    tokens_per_second: float
    bits_per_byte: float
    line_bits_per_char: float
    line_exact: float
    once: float
    twice: float


def read_outcomes(path: Path = RESULTS) -> list[Outcome]:
    """Read what `write_outcomes` wrote; nothing if there is no such file."""
    if not path.exists():
        return []
    return [Outcome(**entry) for entry in json.loads(path.read_text(encoding="utf-8"))]


def write_outcomes(outcomes: Sequence[Outcome], path: Path = RESULTS) -> None:
    """Keep outcomes as JSON."""
    text = json.dumps([asdict(outcome) for outcome in outcomes], indent=1)
    path.write_text(f"{text}\n", encoding="utf-8")


def outcome_table(outcomes: Sequence[Outcome]) -> str:
    """A Markdown table under a line that says what it is, the lowest cost of lines first.

    Empty where nothing was measured.
    """
    if not outcomes:
        return ""
    num_tokens = max(one.num_tokens for one in outcomes)
    rows = [
        f"Runs of {num_tokens / 1e6:.1f} million tokens that differ in one choice "
        "(`scripts/train_embedded_model ablate`), on held-out projects:",
        "",
        "| | parameters | tokens/s | bits a byte | bits a character of lines | lines exact "
        "| said once, twice |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    rows += [
        f"| {one.name} | {one.num_parameters / 1e6:.1f} M | {one.tokens_per_second:,.0f} "
        f"| {one.bits_per_byte:.3f} | {one.line_bits_per_char:.3f} | {one.line_exact:.1%} "
        f"| {one.once:.2f}, {one.twice:.2f} |"
        for one in sorted(outcomes, key=lambda one: one.line_bits_per_char)
    ]
    return "\n".join(rows) + "\n"

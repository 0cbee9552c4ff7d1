"""From the results of all places to shares with their intervals, for people and for programs."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from scripts.agreement_bench.measuring import Answered, PlaceResult, Way
from scripts.embedded_model.scores import wilson_interval

#: Two tokens whose logits differ by less are a tie: rounding in F16 may decide between them.
NEAR_TIE_LOGITS = 0.05
#: Least agreement that is wanted, by changes; the difference in exact match that is allowed.
WANTED_AGREEMENT = {10: 0.98, 100: 0.95}
ALLOWED_EXACT_MATCH_DIFFERENCE = 0.01

Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """A share with its Wilson interval of 95 %."""

    num_hits: int
    num_cases: int

    @property
    def value(self) -> float:
        """0 to 1."""
        return self.num_hits / self.num_cases

    @property
    def values(self) -> Values:
        """For programs."""
        low, high = wilson_interval(self.num_hits, self.num_cases)
        return {
            "share": round(self.value, 4),
            "low": max(round(low, 4), 0.0),
            "high": round(high, 4),
            "hits": self.num_hits,
        }

    @property
    def text(self) -> str:
        """For people, in per cent."""
        low, high = wilson_interval(self.num_hits, self.num_cases)
        return f"{100 * self.value:.1f} ({abs(100 * low):.1f} to {100 * high:.1f})"


@dataclass(frozen=True, slots=True)
class Group:
    """All answers of one way after so many changes; there is at least one."""

    way: Way
    num_edits: int
    answers: Sequence[tuple[PlaceResult, Answered]]

    @property
    def agreement(self) -> Share:
        """Identical first lines."""
        return self._share(one.agrees for _, one in self.answers)

    @property
    def agreement_but_ties(self) -> Share:
        """Identical first lines, or such that part at a near tie."""
        return self._share(one.agrees or is_near_tie(one) for _, one in self.answers)

    @property
    def exact_match(self) -> Share:
        """Answers that are the hidden line."""
        return self._share(one.line.strip() == place.expected for place, one in self.answers)

    @property
    def fresh_exact_match(self) -> Share:
        """Answers of a full recompute that are."""
        return self._share(one.fresh_line.strip() == place.expected for place, one in self.answers)

    @property
    def exact_match_difference(self) -> float:
        """By how much the share of exact answers differs from a full recompute's."""
        return self.exact_match.value - self.fresh_exact_match.value

    @property
    def partings_per_token(self) -> float:
        """How often a token is another one where all before it are the same."""
        num_partings = sum(not one.agrees for _, one in self.answers)
        return num_partings / sum(one.num_compared for _, one in self.answers)

    def mean_share(self, field: str) -> float:
        """Return the mean share of the prompt's tokens that a field counts."""
        return statistics.fmean(getattr(one, field) / one.num_prompt for _, one in self.answers)

    @property
    def divergence(self) -> float:
        """Median divergence at the answer's first token, in nats."""
        return statistics.median(one.divergence for _, one in self.answers)

    @property
    def margin(self) -> float:
        """Median preference of a full recompute for its first token, in logits."""
        return statistics.median(one.margin for _, one in self.answers)

    @property
    def values(self) -> Values:
        """For programs."""
        gaps = sorted(one.gap for _, one in self.answers if one.gap is not None)
        return {
            "way": self.way.value,
            "edits": self.num_edits,
            "places": len(self.answers),
            "agreement": self.agreement.values,
            "agreement_but_near_ties": self.agreement_but_ties.values,
            "partings_per_token": round(self.partings_per_token, 5),
            "exact_match": self.exact_match.values,
            "exact_match_full_recompute": self.fresh_exact_match.values,
            "exact_match_difference": round(self.exact_match_difference, 4),
            "prompt_tokens_mean": round(
                statistics.fmean(one.num_prompt for _, one in self.answers), 1
            ),
            "computed_mean": round(
                statistics.fmean(one.num_computed for _, one in self.answers), 1
            ),
            "share_carried_mean": round(self.mean_share("num_carried"), 4),
            "share_inexact_mean": round(self.mean_share("num_inexact"), 4),
            "divergence_median_nats": round(self.divergence, 6),
            "margin_median_logits": round(self.margin, 3),
            "age_mean": round(statistics.fmean(one.mean_age for _, one in self.answers), 2),
            "gaps_where_lines_part": [round(gap, 3) for gap in gaps],
        }

    def _share(self, hits: Iterable[bool]) -> Share:
        return Share(sum(hits), len(self.answers))


def is_near_tie(answered: Answered) -> bool:
    """Return whether lines part where the full recompute hardly preferred its own token."""
    return answered.gap is not None and answered.gap < NEAR_TIE_LOGITS


def grouped(results: Iterable[PlaceResult]) -> list[Group]:
    """Return the answers by way and number of changes."""
    groups: dict[tuple[str, int], list[tuple[PlaceResult, Answered]]] = {}
    for result in results:
        for answered in result.answers:
            groups.setdefault((answered.way, answered.num_edits), []).append((result, answered))
    order = [way.value for way in Way]
    keys = sorted(groups, key=lambda key: (order.index(key[0]), key[1]))
    return [Group(Way(way), num_edits, groups[way, num_edits]) for way, num_edits in keys]


def report_values(results: Sequence[PlaceResult], conditions: Values) -> Values:
    """Return everything for programs, with each place at which lines part."""
    hurried = [
        result.computed_per_edit for result in results if result.computed_per_edit is not None
    ]
    return {
        "conditions": conditions,
        "places": len(results),
        "idle_tokens_mean": round(statistics.fmean(result.num_idle for result in results), 1),
        "computed_per_edit_mean": round(statistics.fmean(hurried), 2) if hurried else None,
        "groups": [group.values for group in grouped(results)],
        "partings": [
            {
                "place": result.key,
                "way": one.way,
                "edits": one.num_edits,
                "hidden": result.expected,
                "kept": one.line.strip(),
                "full_recompute": one.fresh_line.strip(),
                "gap": one.gap,
            }
            for result in sorted(results, key=lambda result: result.key)
            for one in result.answers
            if not one.agrees
        ],
    }


def report_table(results: Sequence[PlaceResult]) -> Table:
    """Return the shares for people."""
    table = Table(
        title=f"First lines against a full recompute at {len(results)} places, in % "
        "(with the interval of 95 %)",
        title_justify="left",
    )
    table.add_column("cells")
    columns = (
        "edits",
        "places",
        "same line",
        "ties apart",
        "parted per token",
        "wanted",
        "exact match",
    )
    for column in (*columns, "difference", "carried", "age", "nats", "margin"):
        table.add_column(column, justify="right")
    for group in grouped(results):
        wanted = WANTED_AGREEMENT.get(group.num_edits)
        table.add_row(
            *(group.way.value, str(group.num_edits), str(len(group.answers))),
            *(group.agreement.text, group.agreement_but_ties.text),
            f"{100 * group.partings_per_token:.2f}",
            f"{100 * wanted:.0f}" if wanted else "",
            group.exact_match.text,
            f"{100 * group.exact_match_difference:+.2f}",
            f"{100 * group.mean_share('num_carried'):.0f}",
            f"{statistics.fmean(one.mean_age for _, one in group.answers):.1f}",
            f"{group.divergence:.5f}",
            f"{group.margin:.2f}",
        )
    return table

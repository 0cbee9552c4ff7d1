"""What `keystrokes` found, for programs and for people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from rich.table import Table

from scripts.engine_bench.asking import KeyCost
from scripts.engine_bench.benchmark import Values
from scripts.engine_bench.summary import Summary, summarise
from scripts.engine_bench.traces import Key, KeyKind


@dataclass(frozen=True, slots=True)
class Asked:
    """One key and what it cost."""

    key: Key
    cost: KeyCost

    @property
    def is_cold(self) -> bool:
        """Whether no system can know the file yet."""
        return self.key.kind is KeyKind.COLD


@dataclass(frozen=True, slots=True)
class Found:
    """What one system was asked and what that cost."""

    asked: tuple[Asked, ...]

    def costs(self, kinds: Iterable[KeyKind]) -> list[KeyCost]:
        """Return the costs of keys of some kinds."""
        wanted = set(kinds)
        return [one.cost for one in self.asked if one.key.kind in wanted]

    @property
    def warm(self) -> list[KeyCost]:
        """Costs of all keys but the first ones in a file."""
        return [one.cost for one in self.asked if not one.is_cold]

    @property
    def cold(self) -> list[KeyCost]:
        """Costs of the first keys in a file."""
        return [one.cost for one in self.asked if one.is_cold]


def found_values(counted: Found, timed: Found | None) -> Values:
    """Return one system's figures.

    Args:
        counted: Keys on the small model.
        timed: Keys whose time was taken.
    """
    warm = counted.warm
    num_warm = max(1, len(warm))
    values = {
        "keys": len(warm),
        "tokens_prompt": {"mean": _rounded(summarise([one.tokens_prompt for one in warm]).mean)},
        "tokens_computed": _summary_values(summarise([one.tokens_computed for one in warm])),
        "tokens_idle": {"mean": _rounded(_sum_idle(counted) / num_warm)},
        "shifts_per_100": _rounded(100 * sum(one.num_shifts for one in warm) / num_warm),
        "tokens_computed_by_key": {
            kind.name.lower(): _summary_values(
                summarise([one.tokens_computed for one in counted.costs([kind])])
            )
            for kind in KeyKind
            if counted.costs([kind])
        },
    }
    if timed is None:
        return values
    return {
        **values,
        "ms_to_first_token": _summary_values(summarise([one.ms_first for one in timed.warm])),
        "ms_to_first_token_cold": _summary_values(summarise([one.ms_first for one in timed.cold])),
        "ms_per_generated_token": _summary_values(summarise(_ms_per_token(timed.warm))),
    }


def _sum_idle(found: Found) -> int:
    """Return the tokens of all pauses, those before a cold prompt included."""
    return sum(one.cost.tokens_idle for one in found.asked)


def _ms_per_token(costs: Iterable[KeyCost]) -> list[float]:
    """Return milliseconds per token behind the first one, of each answer that has any."""
    return [one.ms_decode / (one.tokens_generated - 1) for one in costs if one.tokens_generated > 1]


def _summary_values(summary: Summary) -> Values:
    return {
        "n": summary.num_values,
        "mean": _rounded(summary.mean),
        "p50": _rounded(summary.p50),
        "p95": _rounded(summary.p95),
    }


def _rounded(value: float) -> float:
    return round(value, 3)


def count_table(found: dict[str, Found]) -> Table:
    """Return the tokens of each system's warm keys."""
    table = Table(title="Tokens per warm key, every key asking", title_justify="left")
    table.add_column("")
    for column in ("keys", "prompt", "computed", "p95", "in pauses", "together", "shifts per 100"):
        table.add_column(column, justify="right")
    for name, one in found.items():
        values = found_values(one, None)
        computed, idle = values["tokens_computed"], values["tokens_idle"]["mean"]
        table.add_row(
            name,
            str(values["keys"]),
            f"{values['tokens_prompt']['mean']:.0f}",
            f"{computed['mean']:.2f}",
            f"{computed['p95']:.0f}",
            f"{idle:.2f}",
            f"{computed['mean'] + idle:.2f}",
            f"{values['shifts_per_100']:.2f}",
        )
    return table


def kind_table(found: dict[str, Found]) -> Table:
    """Return the computed tokens by what a key is."""
    table = Table(title="Computed tokens by key: mean, highest", title_justify="left")
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    table.add_column("keys", justify="right")
    for kind in KeyKind:
        costs = {name: one.costs([kind]) for name, one in found.items()}
        if not any(costs.values()):
            continue
        cells = [
            f"{summarise([cost.tokens_computed for cost in some]).mean:.2f}, "
            f"{max(cost.tokens_computed for cost in some)}"
            for some in costs.values()
        ]
        table.add_row(kind.value, *cells, str(len(next(iter(costs.values())))))
    return table


def time_table(found: dict[str, Found], model: str) -> Table:
    """Return the times of each system."""
    table = Table(title=f"Milliseconds on {model}", title_justify="left")
    table.add_column("")
    columns = ("warm keys", "first token p50", "p95", "cold prompt", "per token after it, p50")
    for column in columns:
        table.add_column(column, justify="right")
    for name, one in found.items():
        first = summarise([cost.ms_first for cost in one.warm])
        cold = summarise([cost.ms_first for cost in one.cold])
        table.add_row(
            *(name, str(first.num_values), f"{first.p50:,.0f}", f"{first.p95:,.0f}"),
            *(f"{cold.mean:,.0f}", f"{summarise(_ms_per_token(one.warm)).p50:,.0f}"),
        )
    return table

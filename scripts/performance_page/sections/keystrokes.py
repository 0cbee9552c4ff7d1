"""What a key costs."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.engine_bench.traces import KeyKind
from scripts.performance_page.section import SYSTEMS, Section, Values, table, verdict
from scripts.plots.charts import bar_chart

#: Tokens per warm key: mean while the person waits, its p95, and with those of pauses.
TARGET_MEAN = 2.0
TARGET_P95 = 6.0
TARGET_TOGETHER = 8.0


def keystrokes_section(values: Values) -> Section:
    """Return what `keystrokes` found."""
    systems = {title: values[name] for name, title in SYSTEMS.items() if name in values}
    ours = values["bantam"]
    computed = ours["tokens_computed"]
    together = computed["mean"] + ours["tokens_idle"]["mean"]
    failures = [
        what
        for what, found, most in (
            ("the mean", computed["mean"], TARGET_MEAN),
            ("the 95th percentile", computed["p95"], TARGET_P95),
            ("both together", together, TARGET_TOGETHER),
        )
        if found > most
    ]
    text = "\n".join(
        [
            f"Tokens of {ours['keys']:,} warm keys while a person types in real files; every key "
            "asks, and nothing is answered from memory.",
            "",
            table(
                [
                    *("", "prompt", "computed, mean", "p95", "in pauses", "together"),
                    "K-shifts per 100 keys",
                ],
                [_count_row(title, one) for title, one in systems.items()],
            ),
            "",
            verdict(
                f"{TARGET_MEAN:g} computed tokens at most in the mean and {TARGET_P95:g} at the "
                f"95th percentile, {TARGET_TOGETHER:g} together with those of pauses",
                failures,
            ),
            "",
            table(["mean of computed tokens", *systems], _kind_rows(systems)),
            *_times(systems),
        ]
    )
    picture = bar_chart(
        "Computed tokens per warm key: mean, and in pauses",
        {
            "while the person waits": {
                title: one["tokens_computed"]["mean"] for title, one in systems.items()
            },
            "in pauses": {title: one["tokens_idle"]["mean"] for title, one in systems.items()},
        },
        {},
        digits=2,
    )
    losses = [f"{what} is above what is wanted." for what in failures]
    return Section("What a key costs", text, picture, (*losses, *_lost_kinds(values)))


def _count_row(title: str, values: Values) -> list[str]:
    computed, idle = values["tokens_computed"], values["tokens_idle"]["mean"]
    return [
        *(title, f"{values['tokens_prompt']['mean']:,.0f}", f"{computed['mean']:.2f}"),
        *(f"{computed['p95']:.0f}", f"{idle:.2f}", f"{computed['mean'] + idle:.2f}"),
        f"{values['shifts_per_100']:.2f}",
    ]


def _kind_rows(systems: Mapping[str, Values]) -> list[list[str]]:
    by_kind = {title: one["tokens_computed_by_key"] for title, one in systems.items()}
    return [
        [kind.value, *(f"{one[name]['mean']:,.2f}" for one in by_kind.values())]
        for kind in KeyKind
        for name in (kind.name.lower(),)
        if all(name in one for one in by_kind.values())
    ]


def _times(systems: Mapping[str, Values]) -> list[str]:
    """Return the times on the larger model, if they were taken."""
    if not all("ms_to_first_token" in one for one in systems.values()):
        return []
    rows = [
        [
            *(title, f"{one['ms_to_first_token']['n']}"),
            f"{one['ms_to_first_token']['p50']:,.0f}",
            f"{one['ms_to_first_token']['p95']:,.0f}",
            f"{one['ms_to_first_token_cold']['mean']:,.0f}",
            f"{one['ms_per_generated_token']['p50']:,.0f}",
        ]
        for title, one in systems.items()
    ]
    headings = [
        *("milliseconds, 1.3B shape", "warm keys", "first token, median", "p95"),
        *("cold prompt", "per token after it"),
    ]
    return ["", table(headings, rows)]


def _lost_kinds(values: Values) -> list[str]:
    if "peer" not in values:
        return []
    ours, theirs = (values[name]["tokens_computed_by_key"] for name in SYSTEMS)
    return [
        f"{kind.value}: {ours[name]['mean']:,.0f} computed tokens, llama-server "
        f"{theirs[name]['mean']:,.0f}."
        for kind in KeyKind
        for name in (kind.name.lower(),)
        if name in ours and name in theirs and ours[name]["mean"] > theirs[name]["mean"]
    ]

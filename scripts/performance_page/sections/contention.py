"""A key while the model has other work."""

from __future__ import annotations

from scripts.performance_page.section import SYSTEMS, Section, Values, table, verdict
from scripts.plots.charts import bar_chart

#: A median key beside other work against one alone.
TARGET_SLOWDOWN = 1.15


def contention_section(values: Values) -> Section:
    """Return what `contention` found."""
    systems = {title: values[name] for name, title in SYSTEMS.items() if name in values}
    cases: Values = values["bantam"]
    rows = [
        [
            case,
            *(f"{one[case]['slowdown_p50']:.2f}" for one in systems.values()),
            *(f"{one[case]['ms_beside']['p95']:,.0f}" for one in systems.values()),
            f"{cases[case]['work_loss']:.2f}" if "work_loss" in cases[case] else "",
        ]
        for case in cases
    ]
    failures = [case for case, one in cases.items() if one["slowdown_p50"] > TARGET_SLOWDOWN]
    text = "\n".join(
        [
            "A warm key with 16 tokens of answer beside other work: its median against that of "
            "keys alone, and its 95th percentile in milliseconds.",
            "Work lost is what the work took longer than alone, by the time in which keys were "
            "answered meanwhile: 1 is fair.",
            "",
            table(
                [
                    "while",
                    *(f"{title}, times" for title in systems),
                    *(f"{title}, p95 ms" for title in systems),
                    "work lost, Bantam",
                ],
                rows,
            ),
            "",
            verdict(f"{TARGET_SLOWDOWN:g} times at most", failures),
        ]
    )
    picture = bar_chart(
        "A median key beside other work / alone",
        {
            case: {title: one[case]["slowdown_p50"] for title, one in systems.items()}
            for case in cases
        },
        {"most wanted": TARGET_SLOWDOWN},
        digits=2,
    )
    losses = tuple(
        f"while {case}, a key takes {cases[case]['slowdown_p50']:.2f} times what it takes alone."
        for case in failures
    )
    return Section("A key while the model has other work", text, picture, losses)

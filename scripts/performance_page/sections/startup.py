"""Time to the first token."""

from __future__ import annotations

import statistics

from scripts.engine_bench.intervals import shown
from scripts.performance_page.section import Section, Values, table
from scripts.plots.charts import interval_chart

_NAMES = {
    "cold": "cold: no process runs",
    "warm": "warm: the same client asks again",
    "attach": "attach: a new client, the model is loaded",
}


def startup_section(values: Values) -> Section:
    """Return what `startup` found, of a record with a peer."""
    cases: Values = values["cases"]
    rows = [
        [
            _NAMES[case],
            *(f"{statistics.median(one[system]['ms']):,.0f}" for system in ("bantam", "peer")),
            shown(one["ratio"]),
        ]
        for case, one in cases.items()
    ]
    losses = [
        f"{_NAMES[case]}: {shown(one['ratio'])} times the milliseconds of llama-server."
        for case, one in cases.items()
        if one["ratio"][0] > 1.0
    ]
    text = "\n".join(
        [
            f"Milliseconds to the first token of an answer to about {values['tokens_prompt']} "
            f"tokens; medians of {values['pairs']} starts of either system in turn.",
            "The model's file is in the system's cache.",
            "",
            table(["", "Bantam", "llama-server", "ratio"], rows),
        ]
    )
    picture = interval_chart(
        "Milliseconds to the first token, Bantam / llama-server",
        {case: {"ratio": one["ratio"]} for case, one in cases.items()},
        {"equal": 1.0},
    )
    return Section("Time to the first token", text, picture, tuple(losses))

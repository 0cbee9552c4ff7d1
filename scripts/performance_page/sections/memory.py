"""Memory of one model, and of the windows that share it."""

from __future__ import annotations

from scripts.performance_page.section import SYSTEMS, Section, Values, table
from scripts.plots.charts import bar_chart


def memory_section(values: Values) -> Section:
    """Return what `memory` found."""
    systems = {title: values[name] for name, title in SYSTEMS.items() if name in values}
    windows = values["windows"]
    rows = [[title, *_cells(one["loaded"]), *_cells(one["used"])] for title, one in systems.items()]
    window_rows = [
        [f"{windows['number']} servers", *_cells(windows["servers_together"])],
        ["the engine", *_cells(windows["engine"])],
    ]
    text = "\n".join(
        [
            f"MiB with a model file of {values['model_file_mib']:,.0f} MiB, after it was loaded "
            f"and after {values['tokens_used']:,} tokens in 8 documents and a pause.",
            "Resident memory counts what processes share for each of them, the other column in "
            "equal parts.",
            "",
            table(
                ["", "loaded, resident", "shared in parts", "used, resident", "shared in parts"],
                rows,
            ),
            "",
            f"{windows['number']} windows, each a real `bantam serve` with a document in which a "
            f"suggestion was asked for, and one engine; {_saved(windows)}:",
            "",
            table(["", "resident", "shared in parts"], window_rows),
        ]
    )
    picture = bar_chart(
        "Resident MiB of one model",
        {
            moment: {title: one[moment]["rss_mib"] for title, one in systems.items()}
            for moment in ("loaded", "used")
        },
        {"the model's file": values["model_file_mib"]},
    )
    return Section("Memory", text, picture, tuple(_losses(values)))


def _saved(windows: Values) -> str:
    saved = windows["documents_outside_the_cache_mib"]
    return f"documents that left its cache take {saved:,.0f} MiB of what it has"


def _losses(values: Values) -> list[str]:
    if "peer" not in values:
        return []
    return [
        f"{moment}, it takes {ours:,.0f} MiB, llama-server {theirs:,.0f}."
        for moment in ("loaded", "used")
        for ours in (values["bantam"][moment]["rss_mib"],)
        for theirs in (values["peer"][moment]["rss_mib"],)
        if ours > theirs
    ]


def _cells(memory: Values) -> tuple[str, str]:
    pss = memory["pss_mib"]
    return (f"{memory['rss_mib']:,.0f}", "hidden" if pss is None else f"{pss:,.0f}")

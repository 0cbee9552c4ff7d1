"""What the engine adds to the library."""

from __future__ import annotations

from scripts.engine_bench.intervals import shown
from scripts.engine_bench.overhead import TARGET_RATIO
from scripts.performance_page.section import Section, Values, table, verdict
from scripts.plots.charts import interval_chart


def overhead_section(values: Values) -> Section:
    """Return what `overhead` found."""
    widths: Values = values["widths"]
    rows = [
        [
            *(width, str(one["together"])),
            *(f"{one['engine_ms']:.2f}", f"{one['bare_ms']:.2f}"),
            shown(one["ratio"], digits=3),
        ]
        for width, one in widths.items()
    ]
    parts = next(iter(widths.values()))["processor_ms"]
    part_rows = [
        [part, *(f"{one['processor_ms'][part]:.3f}" for one in widths.values())] for part in parts
    ]
    failures = [
        f"{width} answer{'' if width == '1' else 's'}"
        for width, one in widths.items()
        if one["ratio"][0] > TARGET_RATIO
    ]
    text = "\n".join(
        [
            "Milliseconds of a step of the engine, all that it does between two steps included, "
            "and of a bare `llama_decode` of the same batch in the same context right after it.",
            "",
            table(["answers", "written together", "engine", "bare", "ratio"], rows),
            "",
            verdict(f"a ratio of {TARGET_RATIO:g} at most", failures),
            "",
            "Where the rest goes, in milliseconds of processor time per step:",
            "",
            table(["answers", *widths], part_rows),
        ]
    )
    picture = interval_chart(
        "A step of the engine / a bare llama_decode, by answers",
        {width: {"ratio": one["ratio"]} for width, one in widths.items()},
        {"equal": 1.0, "most wanted": TARGET_RATIO},
    )
    losses = tuple(f"a step is longer than is wanted at {failure}." for failure in failures)
    return Section("What the engine adds to the library", text, picture, losses)

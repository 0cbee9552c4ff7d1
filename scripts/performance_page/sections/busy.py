"""Steps beside a busy core."""

from __future__ import annotations

from scripts.engine_bench.busy import TARGET_MEDIAN, TARGET_WORST, shown_ms
from scripts.engine_bench.intervals import shown
from scripts.performance_page.section import Section, Values, table, verdict
from scripts.plots.charts import interval_chart

_RATIOS = ("median_ratio", "worst_ratio", "other_process_speed")


def busy_section(values: Values) -> Section:
    """Return what `busy` found; "ours" are the ways that the engine takes."""
    ways: Values = values["ways"]
    rows = [
        [
            *(way, *shown_ms(one)),
            *(shown(one[ratio]) for ratio in _RATIOS),
        ]
        for way, one in ways.items()
    ]
    ours = {way: ways[way] for way in values["ours"]}
    failures = [
        f"{what} ({way})"
        for way, one in ours.items()
        for what, ratio, target in (
            ("the median step", one["median_ratio"], TARGET_MEDIAN),
            ("the worst step", one["worst_ratio"], TARGET_WORST),
        )
        if ratio[0] > target
    ]
    pairs = min(one["pairs"] for one in ways.values())
    text = "\n".join(
        [
            "How much longer steps take while another process keeps one core busy, against quiet "
            f"neighbours; {pairs} pairs of {values['seconds']:g} seconds each.",
            f"The engine runs like this: {'; '.join(ours)}; the others are what we did not choose.",
            "A thread that waits for others spins for a moment and then sleeps (brief), sleeps at "
            "once (sleeping), or spins for milliseconds as the library does by itself (spinning).",
            "Adapted threads leave cores to other programs that keep them busy.",
            "Milliseconds are of the median step and, behind it, of the first one after a pause, "
            "which is in no ratio: memory that has rested is slow to reach, busy or quiet, on "
            "virtual machines above all.",
            "The last column is the speed of the other process against its speed alone.",
            "",
            table(["", "quiet ms", "busy ms", "median step", "worst step", "other process"], rows),
            "",
            verdict(
                f"{TARGET_MEDIAN:g} times at most in the median, and {TARGET_WORST:g} times for "
                "the worst step",
                failures,
            ),
        ]
    )
    picture = interval_chart(
        "A step beside a busy core / a quiet step",
        {
            way: {"median step": one["median_ratio"], "worst step": one["worst_ratio"]}
            for way, one in ways.items()
        },
        {"most wanted, median": TARGET_MEDIAN, "most wanted, worst": TARGET_WORST},
        is_logarithmic=True,
    )
    losses = tuple(f"{failure} is slower than is wanted." for failure in failures)
    return Section("A busy machine", text, picture, losses)

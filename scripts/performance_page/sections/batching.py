"""Several requests at once."""

from __future__ import annotations

import statistics

from scripts.engine_bench.batching import (
    CACHED_PROMPTS,
    NEW_PROMPTS,
    TARGET_MEDIAN,
    TARGET_UPPER,
)
from scripts.engine_bench.intervals import shown
from scripts.performance_page.section import Section, Values, table, verdict
from scripts.plots.charts import interval_chart

_KINDS = (NEW_PROMPTS, CACHED_PROMPTS)


def batching_section(values: Values) -> Section:
    """Return what `batching` found, of a record with a peer."""
    widths: Values = values["widths"]
    rows = [
        [
            *(width, kind),
            *(f"{statistics.median(one[system][kind]):.1f}" for system in ("bantam", "peer")),
            shown(one["ratio"][kind]),
        ]
        for width, one in widths.items()
        for kind in _KINDS
    ]
    failures = [
        f"{_at(width)} with {kind}"
        for width, one in widths.items()
        for kind in _KINDS
        if not _holds(one["ratio"][kind])
    ]
    losses = [
        f"at {_at(width)} with {kind} it writes {shown(one['ratio'][kind])} times what "
        "llama-server writes."
        for width, one in widths.items()
        for kind in _KINDS
        if one["ratio"][kind][0] < 1.0
    ]
    num_prompt = statistics.fmean(one["bantam"]["tokens_prompt_mean"] for one in widths.values())
    text = "\n".join(
        [
            f"Tokens per second of requests that start at the same moment, each with a prompt of "
            f"about {num_prompt:.0f} tokens and an answer of {values['tokens_generated']}; "
            f"{values['pairs']} pairs in turn, medians.",
            "New prompts are computed within the time, cached ones have been before.",
            "",
            table(["requests", "", "Bantam", "llama-server", "ratio"], rows),
            "",
            verdict(
                f"a ratio of {TARGET_MEDIAN:g} at least in the median and of {TARGET_UPPER:g} at "
                "the upper end",
                failures,
            ),
        ]
    )
    picture = interval_chart(
        "Tokens per second, Bantam / llama-server, by requests at once",
        {width: one["ratio"] for width, one in widths.items()},
        {"equal": 1.0, "least wanted median": TARGET_MEDIAN},
    )
    return Section("Several requests at once", text, picture, tuple(losses))


def _holds(ratio: list[float]) -> bool:
    middle, _, high = ratio
    return middle >= TARGET_MEDIAN and high >= TARGET_UPPER


def _at(width: str) -> str:
    return f"{width} request{'' if width == '1' else 's'}"

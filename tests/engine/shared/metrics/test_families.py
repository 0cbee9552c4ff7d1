"""The exposition format, as Prometheus's own parser reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from lsp_server.engine.histogram import HistogramCounter
from lsp_server.engine.shared.metrics.families import Family, exposition
from lsp_server.engine.status import Histogram


def test_a_counter_with_labels() -> None:
    family = Family("bantam_things_total", "counter", "Things.")
    family.add(3, kind="a", size="b")
    assert exposition([family]) == (
        "# HELP bantam_things_total Things.\n"
        "# TYPE bantam_things_total counter\n"
        'bantam_things_total{kind="a",size="b"} 3\n'
    )


def test_a_metric_without_series_is_left_out() -> None:
    assert exposition([Family("bantam_things_total", "counter", "Things.")]) == ""


def test_a_histogram_counts_what_is_at_most_each_bound() -> None:
    counter = HistogramCounter((0.1, 1.0))
    for value in (0.05, 0.1, 0.5, 7.0):
        counter.note(value)
    family = Family("bantam_wait_seconds", "histogram", "Waiting.")
    family.add(counter.histogram, priority="popup")
    (parsed,) = text_string_to_metric_families(exposition([family]))
    assert parsed.type == "histogram"
    buckets = {
        sample.labels["le"]: sample.value
        for sample in parsed.samples
        if sample.name.endswith("_bucket")
    }
    assert buckets == {"0.1": 2, "1.0": 3, "+Inf": 4}
    sums = {sample.name: sample.value for sample in parsed.samples if "le" not in sample.labels}
    assert sums["bantam_wait_seconds_count"] == 4
    assert sums["bantam_wait_seconds_sum"] == pytest.approx(7.65)


def test_an_empty_histogram_is_one() -> None:
    family = Family("bantam_wait_seconds", "histogram", "Waiting.")
    family.add(Histogram())
    (parsed,) = text_string_to_metric_families(exposition([family]))
    assert [sample.value for sample in parsed.samples] == [0, 0, 0]


@given(help_text=st.text(), label=st.text(), value=st.floats(allow_nan=False) | st.integers())
def test_whatever_labels_and_values_are_they_come_back(
    help_text: str, label: str, value: float
) -> None:
    family = Family("bantam_things", "gauge", help_text)
    family.add(value, model=label)
    text = exposition([family])
    if "\r" in text or len(text.splitlines()) != text.count("\n"):
        # The parser cuts lines at more than the format's line feed.
        return
    (parsed,) = text_string_to_metric_families(text)
    (sample,) = parsed.samples
    assert sample.labels == {"model": label}
    assert float(sample.value) == float(value)

"""The page of measured results: fresh, and made of what the records say."""

from __future__ import annotations

import copy
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import pytest

from scripts.engine_bench.registry import BENCHMARKS
from scripts.performance_page.page import SECTIONS, make_page
from scripts.performance_page.records import read_records
from scripts.performance_page.write import DOCS, main

CONDITIONS = {
    "model": "a small model",
    "n_ctx": 4_096,
    "peer": "a stub",
    "library": "llama-cpp-python-1",
    "processor": "A Processor",
    "features": ["avx2"],
    "cores": 2,
    "threads": 2,
    "load_before": 0.1,
    "load_after": 1.9,
}
RATE = {"tokens_prompt_mean": 100.0, "new prompts": [9.0, 10.0], "cached prompts": [20.0]}
BATCHING: dict[str, Any] = {
    "benchmark": "batching",
    "command": "scripts/bench_engine batching --pairs 2",
    "note": "",
    "conditions": CONDITIONS,
    "pairs": 2,
    "tokens_generated": 64,
    "widths": {
        "1": {
            "bantam": RATE,
            "peer": RATE,
            "ratio": {"new prompts": [1.1, 1.0, 1.2], "cached prompts": [0.98, 0.9, 1.01]},
        }
    },
}


def batching_page(**ratios: list[float]) -> str:
    values = copy.deepcopy(BATCHING)
    for name, ratio in ratios.items():
        values["widths"]["1"]["ratio"][name.replace("_", " ")] = ratio
    return make_page({"batching": values}).text


def test_the_page_is_what_the_records_say() -> None:
    assert main(["--check"]) == 0


def test_every_benchmark_has_a_section() -> None:
    assert SECTIONS.keys() == BENCHMARKS.keys()


def test_every_kept_record_becomes_a_section_and_a_picture() -> None:
    records = read_records(DOCS / "measurements", SECTIONS)
    page = make_page(records)
    assert records
    assert len(page.pictures) == len(records)
    for name, svg in page.pictures.items():
        assert ET.fromstring(svg).tag.endswith("svg")
        assert f"images/{name}" in page.text
    for record in records.values():
        assert record["command"] in page.text
        assert record["note"] in page.text


def test_what_is_lost_stands_at_the_top_although_the_target_holds() -> None:
    text = batching_page()
    losses, sections = text.split("## Several requests at once")
    assert "1 request with cached prompts it writes 0.98 (0.90 to 1.01) times" in losses
    assert "It holds." in sections
    assert "new prompts it writes" not in losses


@pytest.mark.parametrize(
    "ratio", [[0.96, 0.9, 1.2], [0.98, 0.97, 0.99]], ids=["median too low", "surely below 1"]
)
def test_a_target_that_does_not_hold_is_said(ratio: list[float]) -> None:
    assert "**It does not hold** for 1 request with new prompts" in batching_page(new_prompts=ratio)


def test_nothing_lost_is_said_too() -> None:
    assert "Nowhere in what was measured." in batching_page(cached_prompts=[1.2, 1.1, 1.3])


def test_a_model_that_suffers_from_a_busy_core_is_named() -> None:
    way = {
        "pairs": 2,
        "ms_quiet": 1.0,
        "ms_busy": 1.0,
        "ms_quiet_first": 9,
        "ms_busy_first": 9,
        "median_ratio": [1.0, 0.9, 1.1],
        "worst_ratio": [3.0, 2.0, 4.0],
        "other_process_speed": [1.0, 0.9, 1.0],
    }
    slow = {**way, "median_ratio": [1.9, 1.85, 2.0]}
    ways = {"small": way, "large": slow, "not chosen": slow}
    values = {**BATCHING, "seconds": 2.0, "ours": ["small", "large"], "ways": ways}
    losses, section = make_page({"busy": values}).text.split("## A busy machine")
    assert "the median step (large) is slower than is wanted" in losses
    assert "**It does not hold** for the median step (large)." in section


def test_a_note_stands_before_the_figures() -> None:
    values = {**BATCHING, "note": "a run on a busy machine"}
    text = make_page({"batching": values}).text
    assert text.index("**a run on a busy machine**") < text.index("| requests |")


def docs_with(folder: Path, record: object) -> Path:
    (folder / "measurements").mkdir(exist_ok=True)
    (folder / "measurements" / "batching.json").write_text(json.dumps(record))
    return folder


def test_a_page_is_written_and_then_fresh_until_a_record_changes(tmp_path: Path) -> None:
    docs = docs_with(tmp_path, BATCHING)
    assert main(["--check"], docs) == 1
    assert main([], docs) == 0
    assert main(["--check"], docs) == 0
    assert (docs / "images" / "performance-batching.svg").is_file()
    docs_with(tmp_path, {**BATCHING, "note": "measured again"})
    assert main(["--check"], docs) == 1


@pytest.mark.parametrize("record", [{"benchmark": "busy"}, {"ways": {}}, []])
def test_another_record_is_refused_with_the_remedy(
    record: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([], docs_with(tmp_path, record)) == 1
    message = capsys.readouterr().err
    assert "batching.json is a record of" in message
    assert "scripts/bench_engine batching --output" in message


def test_a_damaged_record_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    docs = docs_with(tmp_path, BATCHING)
    (docs / "measurements" / "batching.json").write_text('{"benchmark": ')
    assert main([], docs) == 1
    assert "is no JSON" in capsys.readouterr().err

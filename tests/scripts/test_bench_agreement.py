"""Whether the measurement of agreement measures what it says, and a small run of it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from gguf import GGUFReader, dequantize

from scripts.agreement_bench.distance import divergence_nats, margin_logits
from scripts.agreement_bench.edits import last_changes
from scripts.agreement_bench.measuring import EVERYWHERE, Answered, PlaceResult, Way
from scripts.agreement_bench.places import Place
from scripts.agreement_bench.precision import f16_copy
from scripts.agreement_bench.report import grouped, report_values
from scripts.agreement_bench.results import ResultFile
from scripts.agreement_bench.running import Candidates
from scripts.embedded_model.collect import SourceFile

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "lsp_server" / "engine" / "kv_cache.py"


@pytest.fixture(scope="module")
def document() -> tuple[str, int]:
    """Return a text, and the end of a line in its middle that has indentation only."""
    text = SOURCE.read_text(encoding="utf-8")
    place = text.index("\n        return ", len(text) // 2) + len("\n        ")
    return text[:place] + text[text.index("\n", place) :], place


def test_last_changes_end_with_the_document_as_it_is(document: tuple[str, int]) -> None:
    text, place = document
    moments = last_changes(text, place, 100, "seed")
    assert len(moments) == 101
    assert (moments[-1].text, moments[-1].place) == (text, place)
    assert all(0 <= moment.cursor <= len(moment.text) for moment in moments)
    assert len({moment.text for moment in moments}) > 90


def test_line_of_the_place_is_left_alone(document: tuple[str, int]) -> None:
    for moment in last_changes(*document, 100, "other seed"):
        start = moment.text.rfind("\n", 0, moment.place) + 1
        assert moment.text[start : moment.place] == "        "
        assert moment.text[moment.place] == "\n"


def test_fewer_changes_are_the_last_of_more(document: tuple[str, int]) -> None:
    few, many = last_changes(*document, 10, "seed"), last_changes(*document, 100, "seed")
    assert [moment.text for moment in few] == [moment.text for moment in many[-11:]]


def test_person_pauses_at_some_changes_only(document: tuple[str, int]) -> None:
    pauses = [moment.has_pause_before for moment in last_changes(*document, 100, "seed")]
    assert 10 < sum(pauses) < 80


def test_other_seed_changes_something_else(document: tuple[str, int]) -> None:
    assert last_changes(*document, 10, "a") != last_changes(*document, 10, "b")


def answered(
    line: str, gap: float | None = None, *, fresh_line: str = "x = 1", way: Way = Way.JUMPED
) -> Answered:
    return Answered(
        way=way.value,
        num_edits=10,
        line=line,
        fresh_line=fresh_line,
        num_prompt=1_000,
        num_computed=10,
        num_carried=500,
        num_inexact=600,
        mean_age=2.0,
        num_compared=5,
        divergence=0.001,
        margin=0.5,
        gap=gap,
    )


def place_result(key: str, *answers: Answered) -> PlaceResult:
    return PlaceResult(
        key=key, expected="x = 1", num_idle=9, computed_per_edit=None, answers=answers
    )


def test_shares_count_agreement_ties_and_exact_matches() -> None:
    results = [
        place_result("a", answered("x = 1")),
        place_result("b", answered("x = 2", gap=0.01)),
        place_result("c", answered("x = 3", gap=0.7)),
        place_result("d", answered("y", fresh_line="y")),
    ]
    [group] = grouped(results)
    assert group.agreement.value == 0.5
    assert group.agreement_but_ties.value == 0.75
    assert group.exact_match.value == 0.25
    assert group.fresh_exact_match.value == 0.75
    assert group.exact_match_difference == -0.5
    assert group.partings_per_token == 0.1
    assert group.mean_share("num_carried") == 0.5
    values = report_values(results, {})
    assert [parting["place"] for parting in values["partings"]] == ["b", "c"]


def test_place_that_lacks_a_way_is_measured_again_and_does_not_count() -> None:
    place = Place("bantam", "kv_cache.py", 4, "", 0, "x = 1")
    answers = [answered("x = 1", way=way) for way in EVERYWHERE]
    results = {place.key: place_result(place.key, *answers)}
    complete = Candidates([(place, EVERYWHERE)], 1_000)
    assert complete.missing(results) == []
    assert complete.fitting(results, 1) == list(results.values())
    thorough = Candidates([(place, frozenset(Way))], 1_000)
    assert [found for found, _ in thorough.missing(results)] == [place]
    assert thorough.fitting(results, 1) == []


def test_place_with_a_short_prompt_does_not_count() -> None:
    place = Place("bantam", "kv_cache.py", 4, "", 0, "x = 1")
    answers = [answered("x = 1", way=way) for way in EVERYWHERE]
    results = {place.key: place_result(place.key, *answers)}
    assert Candidates([(place, EVERYWHERE)], 1_001).fitting(results, 1) == []


def test_divergence_is_that_of_the_probabilities() -> None:
    even, uneven = np.log(np.array([[0.5, 0.5], [0.9, 0.1]], np.float32))
    assert divergence_nats(even, even + np.float32(3.0)) == 0.0
    assert divergence_nats(even, uneven) == pytest.approx(0.510826, abs=1e-5)
    assert margin_logits(uneven) == pytest.approx(np.log(9.0), abs=1e-3)


def test_interrupted_run_goes_on_behind_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    first = place_result("a", answered("x"))
    ResultFile(path).add(first)
    with path.open("ab") as file:
        file.write(b'{"key": "cut')
    again = ResultFile(path)
    assert again.results == {"a": first}
    again.add(place_result("b"))
    assert set(ResultFile(path).results) == {"a", "b"}


@pytest.mark.real_model
def test_small_run_measures_every_way_and_reports(embedded_model: Path, tmp_path: Path) -> None:
    corpus, output = tmp_path / "corpus.jsonl", tmp_path / "agreement.json"
    file = SourceFile("held_out", "bantam", "kv_cache.py", SOURCE.read_text(encoding="utf-8"))
    corpus.write_text(json.dumps(asdict(file)) + "\n", encoding="utf-8")
    command = [
        *(ROOT / "scripts" / "bench_agreement", "--model", embedded_model),
        *("--corpus", corpus, "--work", tmp_path / "work.jsonl", "--output", output),
        *("--places", "2", "--edits", "3", "6", "--min-prompt-tokens", "300"),
        *("--thorough-every", "1", "--processes", "1"),
    ]
    done = subprocess.run(
        [str(word) for word in command], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "hurried" in done.stdout
    values = json.loads(output.read_text(encoding="utf-8"))
    assert "2 places only" in values["conditions"]["note"]
    groups = {(group["way"], group["edits"]): group for group in values["groups"]}
    assert set(groups) == {(way.value, edits) for way in Way for edits in (3, 6)}
    for (way, _), group in groups.items():
        assert group["places"] == 2
        is_stale = way in {Way.JUMPED.value, Way.HURRIED.value}
        assert (group["share_carried_mean"] > 0) is is_stale
        if way == Way.EXACT.value:
            assert group["agreement"]["share"] == 1.0
            assert group["divergence_median_nats"] == 0.0


@pytest.mark.real_model
def test_copy_in_f16_has_the_same_weights_and_is_written_once(
    embedded_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    copy = f16_copy(embedded_model)
    weights, original = (
        {tensor.name: dequantize(tensor.data, tensor.tensor_type) for tensor in reader.tensors}
        for reader in (GGUFReader(copy), GGUFReader(embedded_model))
    )
    for name, expected in original.items():
        np.testing.assert_allclose(weights[name], expected, rtol=1e-3, atol=1e-6)
    written = copy.stat().st_mtime_ns
    assert f16_copy(embedded_model) == copy
    assert copy.stat().st_mtime_ns == written
    assert list(copy.parent.iterdir()) == [copy], "nothing half-written is left"

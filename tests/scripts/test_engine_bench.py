"""The benchmark tool itself, on small models and a few keys; no figures are judged here."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.engine_bench import batching, contention, keystrokes, memory, startup
from scripts.engine_bench.batching import tokens_per_second
from scripts.engine_bench.case import Case, Span
from scripts.engine_bench.cli import main
from scripts.engine_bench.intervals import interval
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.rounds import interleaved
from scripts.engine_bench.sources import PAIRS, Source
from scripts.engine_bench.streams import Answered
from scripts.engine_bench.summary import percentile, summarise
from scripts.engine_bench.theirs import infill_texts
from scripts.engine_bench.traces import KeyKind, typing_session
from scripts.synthetic_model.presets import PRESETS
from tests.support.stub_llama_server import TOKENS_COMPUTED
from tests.support.stub_peer import STUB_PEER


@pytest.fixture
def stub_peer(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (keystrokes, contention, batching, startup, memory):
        monkeypatch.setattr(module, "find_peer", lambda reporter: STUB_PEER)


def found(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert main([*arguments, "--json"]) == 0
    values: dict[str, Any] = json.loads(capsys.readouterr().out)
    return values


def test_keystrokes_counts_both_systems(
    vocabularies: Path, stub_peer: None, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--sessions 1 --keys 30 --timed-keys 0"
    values = found(capsys, "keystrokes", *options.split())
    assert values["conditions"]["n_ctx"] == 4_096
    assert values["conditions"]["peer"] == "a stub"
    ours, theirs = values["bantam"], values["peer"]
    assert ours["keys"] == theirs["keys"] == 29
    assert 1 <= ours["tokens_computed"]["mean"] < 10
    assert ours["tokens_computed"]["p95"] < 10
    assert ours["tokens_idle"]["mean"] >= 0
    assert ours["shifts_per_100"] >= 0
    assert ours["tokens_computed_by_key"]["cold"]["mean"] > 1_000
    assert theirs["tokens_computed"]["mean"] == TOKENS_COMPUTED


def test_keystrokes_writes_tables_for_people(
    vocabularies: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--no-peer --sessions 1 --keys 5 --timed-keys 0"
    assert main(["keystrokes", *options.split()]) == 0
    written = capsys.readouterr().out
    assert "every key asking" in written
    assert "bantam" in written
    assert "n_ctx 4096" in " ".join(written.split())


def test_contention_measures_every_case(
    vocabularies: Path,
    stub_peer: None,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # On a busy machine each of these tokens may take as long as other programs let it wait.
    monkeypatch.setattr(contention, "_DECODE_TOKENS", 64)
    options = "--model tiny-deepseek-coder --rounds 1 --keys 2"
    values = found(capsys, "contention", *options.split())
    for name in ("bantam", "peer"):
        assert len(values[name]) == 5
        for case in values[name].values():
            assert case["ms_alone"]["n"] == 2
            assert case["ms_beside"]["n"] in (2, 8)
            assert case["slowdown_p50"] > 0


def test_a_failing_peer_is_said_in_a_sentence(
    vocabularies: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(keystrokes, "bench_model", lambda *_: Path("broken.gguf"))
    monkeypatch.setattr(keystrokes, "find_peer", lambda reporter: STUB_PEER)

    async def nothing(*_: object) -> list[object]:
        return []

    monkeypatch.setattr(keystrokes, "_ask_ours", nothing)
    assert main(["keystrokes", "--sessions", "1", "--keys", "2", "--timed-keys", "0"]) == 1
    assert "llama-server ended with status 1" in capsys.readouterr().err


def test_the_models_that_are_measured_on_exist() -> None:
    parser = argparse.ArgumentParser()
    contention.add_options(parser)
    counted, timed = keystrokes.COUNTED_MODEL, keystrokes.TIMED_MODEL
    assert {counted[0], timed[0], parser.parse_args([]).model} <= PRESETS.keys()


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].name)
def test_a_session_types_the_file_back(pair: tuple[Source, Source]) -> None:
    keys = list(typing_session(*pair))
    main_source = pair[0]
    last = keys[-1]
    assert last.document == main_source.name
    lines = [line for line in last.text.split("\n") if line.strip() != "checked = True"]
    assert "\n".join(lines) == main_source.read()
    kinds = [key.kind for key in keys]
    for kind, count in [(KeyKind.COLD, 2), (KeyKind.JUMP, 1), (KeyKind.RETURN, 1)]:
        assert kinds.count(kind) == count
    assert kinds.count(KeyKind.BACK) == 1
    assert kinds.count(KeyKind.ENTER) >= 10
    assert all(key.has_pause_before for key in keys if key.kind is not KeyKind.TYPED)


def test_the_excursion_goes_thirty_lines_up() -> None:
    keys = list(typing_session(*PAIRS[0]))
    jump = next(index for index, key in enumerate(keys) if key.kind is KeyKind.JUMP)
    before, after = keys[jump - 1], keys[jump]
    lines_before = before.text.count("\n", 0, before.cursor)
    # The first key there is Enter: one line down again.
    assert after.text.count("\n", 0, after.cursor) == lines_before - 29


def test_llama_vim_sends_lines_around_the_cursor() -> None:
    text = "".join(f"line {number}\n" for number in range(500))
    cursor = text.index("line 300") + len("line")
    texts = infill_texts(text, cursor)
    assert texts.prompt == "line"
    assert texts.prefix.splitlines() == [f"line {number}" for number in range(44, 300)]
    assert texts.suffix.splitlines() == [" 300", *(f"line {n}" for n in range(301, 365))]


def test_llama_vim_begins_blank_lines_at_the_margin() -> None:
    texts = infill_texts("def f():\n        \nx\n", len("def f():\n    "))
    assert (texts.prefix, texts.prompt, texts.suffix) == ("def f():\n", "", "\nx\n\n")


def test_percentiles_are_values_that_occur() -> None:
    values = list(range(1, 101))
    assert percentile(values, 95) == 95
    assert percentile([3.0], 50) == 3.0
    assert summarise([]).mean == 0.0
    assert summarise([1, 2, 3, 10]).p50 == 2


def test_work_that_loses_what_keys_took_has_lost_once() -> None:
    keys = [Span(1.0, 1.5), Span(3.0, 3.5)]
    work = Span(0.0, 4.0)
    assert work.ms_beside(keys) == pytest.approx(1_000)
    assert Span(1.25, 2.0).ms_beside(keys) == pytest.approx(250)
    case = Case(work_alone_ms=[3_000], work_beside_ms=[4_000], keys_beside_work_ms=[1_000])
    assert case.work_loss == pytest.approx(1.0)


def test_busy_compares_pairs_of_every_way_to_run(capsys: pytest.CaptureFixture[str]) -> None:
    values = found(capsys, "busy", "--pairs", "2", "--seconds", "0.05")
    assert len(values["ways"]) >= 2
    for way in values["ways"].values():
        assert way["pairs"] == 2
        median, low, high = way["median_ratio"]
        assert 0 < low <= median <= high
        assert way["worst_ratio"][0] >= median
    assert values["ours"] == [next(iter(values["ways"]))] == ["brief, adapted threads, nice 0"]


def test_batching_asks_both_systems_the_same_at_every_width(
    vocabularies: Path, stub_peer: None, capsys: pytest.CaptureFixture[str]
) -> None:
    options = "--model embedded --threads 1 --pairs 2 --widths 1 3 --tokens 4 --prompt-tokens 40"
    values = found(capsys, "batching", *options.split())
    assert values["widths"].keys() == {"1", "3"}
    for width in values["widths"].values():
        for kind in ("new prompts", "cached prompts"):
            assert len(width["bantam"][kind]) == len(width["peer"][kind]) == 2
            median, low, high = width["ratio"][kind]
            assert 0 < low <= median <= high
        assert width["bantam"]["tokens_prompt_mean"] > 20
        assert width["bantam"]["tokens_prompt_computed_again_mean"] == 1
        assert width["peer"]["tokens_prompt_mean"] == TOKENS_COMPUTED
    assert values["conditions"]["threads"] >= 1


def test_overhead_compares_steps_with_bare_ones_and_says_where_time_goes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = "--model embedded --threads 1 --rounds 1 --widths 1 --tokens 12"
    width = found(capsys, "overhead", *options.split())["widths"]["1"]
    assert width["engine_ms"] > 0 < width["bare_ms"]
    assert width["ratio"][0] > 0
    parts = width["processor_ms"]
    assert {"sampling", "detokenising", "scheduling"} <= parts.keys()
    assert all(ms >= 0 for ms in parts.values())
    assert parts["sampling"] > 0


def test_startup_starts_both_systems_anew(
    stub_peer: None, capsys: pytest.CaptureFixture[str]
) -> None:
    cases = found(capsys, "startup", "--model", "embedded", "--threads", "1", "--pairs", "1")[
        "cases"
    ]
    assert list(cases) == ["cold", "warm", "attach"]
    for case in cases.values():
        assert len(case["bantam"]["ms"]) == len(case["peer"]["ms"]) == 1
    assert cases["cold"]["bantam"]["ms"][0] > cases["warm"]["bantam"]["ms"][0]


def test_memory_counts_engine_peer_and_every_window(
    stub_peer: None, capsys: pytest.CaptureFixture[str]
) -> None:
    values = found(capsys, "memory", "--model", "embedded", "--threads", "1", "--windows", "2")
    for name in ("bantam", "peer"):
        for moment in ("loaded", "used"):
            assert values[name][moment]["rss_mib"] > 5
    windows = values["windows"]
    assert windows["number"] == len(windows["server"]) == 2
    assert windows["servers_together"]["rss_mib"] > windows["server"][0]["rss_mib"]
    # The engine has the model, the servers have none.
    assert windows["engine"]["rss_mib"] > windows["server"][0]["rss_mib"]


def answered(asked_s: float, end_s: float, num_tokens: int) -> Answered:
    return Answered(asked_s, asked_s + 0.1, end_s, 10, num_tokens)


def test_tokens_per_second_count_from_the_first_question_to_the_last_end() -> None:
    answers = [answered(1.0, 3.0, 8), answered(1.5, 5.0, 12)]
    assert tokens_per_second(answers) == pytest.approx(20 / 4.0)
    assert answers[0].ms_to_first == pytest.approx(100.0)


class EndsEarly:
    """Answers that end early for some prompts."""

    def __init__(self, short: set[str]) -> None:
        self.asked: list[str] = []
        self._short = short

    async def ask(self, prompt: str, document: int, max_tokens: int) -> Answered:
        self.asked.append(prompt)
        return answered(0.0, 1.0 + document, 1 if prompt in self._short else max_tokens)


async def test_prompts_whose_answers_end_early_are_replaced_for_both_systems() -> None:
    systems = {"bantam": EndsEarly({"a"}), "peer": EndsEarly({"d"})}
    options = argparse.Namespace(tokens=8)
    halves = await batching._pair(systems, 2, iter("abcdefgh"), options)
    assert halves["bantam"].new == halves["peer"].new
    for system in systems.values():
        # Each prompt is asked when it is new and again when it is cached.
        assert system.asked == list("ababcdcdefef")


async def test_answers_that_always_end_early_are_an_error() -> None:
    short = set("abcdefghijklmnopqrstuvwxyz")
    with pytest.raises(OurFailure, match="lower --tokens"):
        await batching._pair(
            {"bantam": EndsEarly(short)}, 1, iter(short), argparse.Namespace(tokens=8)
        )


def test_every_half_is_first_as_often_as_second() -> None:
    order = list(interleaved(["a", "b", "c"], 10))
    assert order == list(interleaved(["a", "b", "c"], 10))
    for start in range(0, 30, 3):
        assert {item for item, _ in order[start : start + 3]} == {"a", "b", "c"}
    for item in "abc":
        assert sum(is_first for other, is_first in order if other == item) == 5


def test_no_round_begins_when_the_time_is_spent() -> None:
    assert len(list(interleaved(["a", "b"], 10, minutes=0.0))) == 2
    assert len(list(interleaved(["a", "b"], 3, minutes=10.0))) == 6


def test_a_record_says_how_to_measure_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "busy.json"
    options = ["busy", "--pairs=1", "--seconds", "0.05", "--only-ours", "--note", "a small run"]
    assert main([*options, "--output", str(path)]) == 0
    record = json.loads(path.read_text())
    assert record["benchmark"] == "busy"
    assert record["note"] == "a small run"
    assert record["command"] == "scripts/bench_engine busy --pairs=1 --seconds 0.05 --only-ours"
    assert "A step beside a busy core" in capsys.readouterr().out


def test_intervals_repeat_and_hold_the_median() -> None:
    values = [1.0, 2.0, 3.0, 10.0, 4.0]
    assert interval(values) == interval(values)
    median, low, high = interval(values)
    assert (median, low >= 1.0, high <= 10.0) == (3.0, True, True)
    assert interval([2.0]) == (2.0, 2.0, 2.0)

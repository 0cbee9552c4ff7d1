"""The measuring of models: from held-out wheels to a page, on a model of random weights."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest

from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.evaluation.answers import AnswerFile
from scripts.embedded_model.evaluation.baselines import BaselineWriter, NGramModel, split_words
from scripts.embedded_model.evaluation.cases import Case, Kind, Order, Sizes, make_cases
from scripts.embedded_model.evaluation.cli import main
from scripts.embedded_model.evaluation.humaneval import (
    SandboxMissingError,
    passes,
    read_problems,
    require_sandbox,
)
from scripts.embedded_model.evaluation.results import RESULTS_NAME, read_results, score_rows
from scripts.embedded_model.evaluation.scoring import judge

HELPER = '''\
"""Helpers."""


def assist(first, second):
    """Add two values."""
    total = first + second
    print("the total of both", total)
    return total


class Keeper:
    def __init__(self, value):
        self.value = value

    def double(self):
        self.value = assist(self.value, self.value)
        return self.value
'''
USER = """\
from pkg.helper import Keeper, assist


def run(number):
    keeper = Keeper(number)
    result = assist(keeper.double(), number)
    return result * number


def again(number, times):
    for _ in range(times):
        number = run(number) + assist(number, times)
    return number
"""
FILES = [
    SourceFile("held_out", "p", "pkg/helper.py", HELPER),
    SourceFile("held_out", "p", "pkg/user.py", USER),
]


def case(expected: str, kind: Kind = Kind.LINE, after: str = "\n    return x\n") -> Case:
    return Case("key", kind, "p", "m.py", "def f():\n    ", expected, after)


def test_questions_of_every_kind_are_made_and_put_back_together() -> None:
    cases = make_cases(FILES, Sizes(), seed=1)
    assert {one.kind for one in cases} == set(Kind)
    texts = {file.text for file in FILES}
    assert all(one.before + one.expected + one.after in texts for one in cases)
    assert len({one.key for one in cases}) == len(cases)
    assert cases == make_cases(FILES, Sizes(), seed=1)
    crossing = [one for one in cases if one.kind is Kind.CROSS_FILE]
    assert [bool(one.context) for one in crossing] == [False, True] * (len(crossing) // 2)
    assert all("assist" in one.expected or "Keeper" in one.expected for one in crossing)


def test_each_line_is_asked_in_every_layout() -> None:
    cases = make_cases(FILES, Sizes(layouts=1), seed=1)
    asked = {(one.order, one.tail_tokens) for one in cases if one.key.count("-") >= 1}
    tails = (None, 0, 16, 64, 256)
    assert asked >= {(order, tail) for order in Order for tail in tails}


@pytest.mark.parametrize(
    ("answer", "is_exact", "does_parse"),
    [
        ("x = 1", True, True),
        ("x = 1  \n    y = 2", True, True),
        ("x = 2", False, True),
        ("x = (", False, False),
        ("", False, True),
    ],
)
def test_the_first_line_of_an_answer_is_judged(
    answer: str, is_exact: bool, does_parse: bool
) -> None:
    verdict = judge(case("x = 1"), answer)
    assert (verdict.is_exact, verdict.does_parse) == (is_exact, does_parse)
    assert verdict.similarity == pytest.approx(1.0) or not is_exact


def test_several_lines_have_to_be_right_together() -> None:
    wanted = case("x = 1\n    y = 2", Kind.MULTI_LINE)
    assert judge(wanted, "x = 1\n    y = 2\n    z = 3").is_exact
    assert not judge(wanted, "x = 1").is_exact


def test_rows_tell_variants_of_a_question_apart() -> None:
    cases = make_cases(FILES, Sizes(), seed=1)
    scores = score_rows(cases, {one.key: one.expected for one in cases})
    assert all(score.exact_match == 1.0 for score in scores.values())
    assert f"{Kind.CROSS_FILE.value}, with its headers" in scores
    assert scores[Kind.LINE.value].num_cases == sum("-" not in c.key for c in cases) - sum(
        c.kind in (Kind.TRIVIAL, Kind.MULTI_LINE, Kind.SPAN) for c in cases
    )


def test_an_interrupted_run_keeps_whole_answers_only(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    answers = AnswerFile(path)
    answers.add("one", "a\nb")
    with path.open("a") as out:
        out.write('["two", "cut of')
    assert AnswerFile(path).answers == {"one": "a\nb"}
    AnswerFile(path).add("three", "c")
    assert AnswerFile(path).answers == {"one": "a\nb", "three": "c"}


def test_copying_goes_on_as_the_document_did_elsewhere() -> None:
    writer = BaselineWriter(None, copies=True)
    before = "total = first.value + second.value\nprint(total)\ntotal = first.value"
    assert writer.write_line(before, "\nend\n") == " + second.value"
    assert writer.write_line("nothing.like.it(", "\n") == ""


def test_word_statistics_write_the_usual_line() -> None:
    model = NGramModel(["for item in items:\n    pass\n"] * 3, max_words=1000)
    writer = BaselineWriter(model, copies=False)
    assert writer.write_line("x = 1\nfor item", "\n") == " in items:"
    assert "".join(split_words("a_b += 12\n\tc")) == "a_b += 12\n\tc"


def humaneval_file(folder: Path) -> Path:
    record = {
        "task_id": "SingleLineInfilling/HumanEval/0/L0",
        "entry_point": "f",
        "prompt": "def f(a):\n",
        "canonical_solution": "    b = a + 1\n",
        "suffix": "    return b\n",
        "test": "def check(candidate):\n    assert candidate(1) == 2\n",
    }
    path = folder / "problems.jsonl"
    path.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return path


def test_a_known_benchmark_becomes_questions(tmp_path: Path) -> None:
    (problem,) = read_problems(humaneval_file(tmp_path))
    assert problem.case.before == "def f(a):\n    "
    assert problem.case.expected == "b = a + 1"
    assert problem.program("b = 1 + a\nmore").startswith("def f(a):\n    b = 1 + a\n    return b\n")


def test_programs_run_without_network_and_without_files(tmp_path: Path) -> None:
    try:
        require_sandbox()
    except SandboxMissingError as error:
        pytest.skip(str(error))
    (problem,) = read_problems(humaneval_file(tmp_path))
    assert passes(problem.program("b = 1 + a"))
    assert not passes(problem.program("b = a"))
    connect = "import socket\nsocket.create_connection(('127.0.0.1', 9), 1)\n"
    assert not passes(connect)
    assert not passes("with open('new', 'w') as out:\n    out.write('x')\n")


def test_a_model_and_baselines_are_measured_and_shown(
    tiny_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "wheels" / "keep-me-1"
    folder.mkdir(parents=True)
    with zipfile.ZipFile(folder / "keep_me-1-py3-none-any.whl", "w") as archive:
        for file in FILES:
            archive.writestr(file.path, file.text)
        archive.writestr("x.dist-info/METADATA", "License-Expression: MIT\n\n")
    packages = tmp_path / "packages.toml"
    packages.write_text('[train]\nother = "1"\n[held_out]\nkeep-me = "1"\n', encoding="utf-8")
    corpus = tmp_path / "corpus.jsonl"
    train = {"split": "train", "project": "q", "path": "m.py", "text": HELPER * 3}
    corpus.write_text(json.dumps(train) + "\n", encoding="utf-8")
    words = ["--packages", packages, "--cache", tmp_path / "wheels", "--corpus", corpus]
    words += ["--answers", tmp_path / "answers", "--output", tmp_path, "--threads", 1]
    words += ["--layouts", 1, "--multi-line", 1, "--spans", 1, "--cross-file", 1]
    options = [str(word) for word in words]
    model = ["--model", str(tiny_model), "--label", "tiny", "--title", "tiny model"]
    problems = ["--humaneval-infilling", str(humaneval_file(tmp_path))]
    assert main([*options, *model, *problems]) == 0
    assert main([*options, "--baselines"]) == 0
    page = capsys.readouterr().out
    assert "| tiny model | " in page
    assert "| copying, else 5-gram model | " in page
    assert "keep-me 1" in page
    assert str(tmp_path) not in page
    results = read_results(tmp_path / RESULTS_NAME)
    assert results["tiny"].loss is not None
    assert results["tiny"].speed["generated_tokens_per_second"] > 0
    (tmp_path / RESULTS_NAME).unlink()
    assert main([*options, *model, *problems, "--no-loss"]) == 0
    assert not read_results(tmp_path / RESULTS_NAME)["tiny"].speed, "all answers were there"
    digest = hashlib.sha256(tiny_model.read_bytes()).hexdigest()[:12]
    kept = [path.name for path in (tmp_path / "answers").iterdir()]
    assert kept == [f"tiny-{digest}.jsonl"], "another model's answers are kept apart"

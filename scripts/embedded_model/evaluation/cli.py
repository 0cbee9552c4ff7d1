"""The command `eval_embedded_model`: measure one model or the baselines, and write the page."""

from __future__ import annotations

import argparse
import hashlib
import itertools
import os
import shlex
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from scripts.embedded_model.collect import CollectLimits, SourceFile, collect_held_out, read_corpus
from scripts.embedded_model.evaluation.answers import AnswerFile
from scripts.embedded_model.evaluation.baselines import BaselineWriter, NGramModel
from scripts.embedded_model.evaluation.cases import Case, Kind, Sizes, make_cases
from scripts.embedded_model.evaluation.humaneval import (
    Problem,
    SandboxMissingError,
    passes,
    read_problems,
    require_sandbox,
)
from scripts.embedded_model.evaluation.measuring import (
    ProgressBar,
    ask_baseline,
    ask_model,
    measure_model_loss,
)
from scripts.embedded_model.evaluation.report import REPORT_NAME, report_text
from scripts.embedded_model.evaluation.results import (
    RESULTS_NAME,
    Results,
    read_results,
    score_rows,
    write_results,
)
from scripts.embedded_model.evaluation.scoring import Score, Verdict, judge, summarise
from scripts.embedded_model.packages import PACKAGE_LIST, Package, read_package_list

_EMBEDDED = Path(__file__).parents[3] / "lsp_server/models/embedded"
_FOLDERS = frozenset(
    f"--{name}"
    for name in ("cache", "corpus", "answers", "output", "packages", "model", "humaneval-infilling")
)
_BASELINES = {
    "baseline-copy": ("copying from the document", False, True),
    "baseline-ngram": ("5-gram model", True, False),
    "baseline-both": ("copying, else 5-gram model", True, True),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure; returns the exit status."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = _parser().parse_args(words)
    if options.pass_rate:
        try:
            require_sandbox()
        except SandboxMissingError as error:
            print(f"eval_embedded_model: {error}", file=sys.stderr)
            return 1
    packages = read_package_list(options.packages).held_out
    files = collect_held_out(packages, options.cache, CollectLimits())
    sizes = Sizes(**{field.name: getattr(options, field.name) for field in fields(Sizes)})
    cases = make_cases(files, sizes, options.seed)
    command = shlex.join(["scripts/eval_embedded_model", *_without_folders(words)])
    results = read_results(options.output / RESULTS_NAME)
    try:
        if options.baselines:
            results |= _measure_baselines(cases, options, command)
        else:
            results[options.label] = _measure_model(cases, files, options, command)
    except KeyboardInterrupt:
        print("\ninterrupted; the same command goes on from here", file=sys.stderr)
        return 130
    write_results(results, options.output / RESULTS_NAME)
    page = report_text(results, [_title(package) for package in packages])
    (options.output / REPORT_NAME).write_text(page, encoding="utf-8")
    print(page)
    return 0


def _parser() -> argparse.ArgumentParser:
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "bantam-training"
    parser = argparse.ArgumentParser(prog="eval_embedded_model", description=__doc__)
    add = parser.add_argument
    add("--model", type=Path, default=_EMBEDDED / "bantam-embedded-q8_0.gguf")
    add("--label", default="embedded", help="under which name results are kept")
    add("--title", default="embedded model", help="what tables call it")
    add("--baselines", action="store_true", help="measure the baselines instead of a model")
    add("--corpus", type=Path, default=cache / "corpus.jsonl", help="what baselines learn from")
    add("--baseline-words", type=int, default=12_000_000, help="how much they learn from")
    add("--packages", type=Path, default=PACKAGE_LIST)
    add("--cache", type=Path, default=cache / "wheels", help="where wheels are kept")
    add("--answers", type=Path, default=cache / "answers", help="raw answers, to go on from")
    add("--output", type=Path, default=_EMBEDDED, help="where results and page go")
    add("--seed", type=int, default=5)
    add("--threads", type=int, default=0, help="0 is one per core")
    add("--no-loss", action="store_true", help="leave the next-token loss out")
    add("--humaneval-infilling", type=Path, help="HumanEval-SingleLineInfilling.jsonl.gz")
    add("--pass-rate", action="store_true", help="also run its tests, without network")
    for name, default in asdict(Sizes()).items():
        add(f"--{name.replace('_', '-')}", type=int, default=default, help="number of such holes")
    return parser


def _without_folders(words: Sequence[str]) -> list[str]:
    """The command line without options that say where this machine keeps its files."""
    pairs = itertools.pairwise(["", *words])
    return [word for before, word in pairs if word not in _FOLDERS and before not in _FOLDERS]


def _title(package: Package) -> str:
    return f"{package.name} {package.version}"


def _measure_model(
    cases: Sequence[Case], files: Sequence[SourceFile], options: argparse.Namespace, command: str
) -> Results:
    options.answers.mkdir(parents=True, exist_ok=True)
    model = options.model.resolve()
    answers = AnswerFile(options.answers / f"{options.label}-{_digest(model)}.jsonl")
    problems = read_problems(options.humaneval_infilling) if options.humaneval_infilling else []
    asked = [*cases, *(problem.case for problem in problems)]
    bar = ProgressBar(options.label, len(asked))
    speed = ask_model(model, asked, answers, options.threads, bar)
    scores = score_rows(cases, answers.answers)
    if problems:
        scores |= _score_problems(problems, answers, options.pass_rate)
    loss = None
    if not options.no_loss:
        bar = ProgressBar(f"{options.label}, loss", len(files))
        loss = measure_model_loss(model, files, options.threads, bar)
    return Results(options.title, scores, loss, asdict(speed) if speed else {}, command)


def _digest(model: Path) -> str:
    """Enough of the file's digest that another file's answers are never taken for its own."""
    return hashlib.sha256(model.read_bytes()).hexdigest()[:12]


def _score_problems(
    problems: Sequence[Problem], answers: AnswerFile, wants_pass_rate: bool
) -> dict[str, Score]:
    verdicts = [judge(problem.case, answers.answers[problem.case.key]) for problem in problems]
    scores = {"HumanEval-Infilling, single line": summarise(verdicts)}
    if wants_pass_rate:
        passed: list[Verdict] = []
        bar = ProgressBar("tests", len(problems))
        for problem, verdict in zip(problems, verdicts, strict=True):
            does_pass = passes(problem.program(answers.answers[problem.case.key]))
            passed.append(Verdict(does_pass, verdict.similarity, verdict.does_parse))
            bar(len(passed))
        scores["HumanEval-Infilling, tests passed"] = summarise(passed)
    return scores


def _measure_baselines(
    cases: Sequence[Case], options: argparse.Namespace, command: str
) -> dict[str, Results]:
    lines = [
        case
        for case in cases
        if case.kind in (Kind.LINE, Kind.TRIVIAL) and "-" not in case.key and not case.context
    ]
    texts = (file.text for file in read_corpus(options.corpus, "train"))
    model = NGramModel(texts, options.baseline_words)
    results: dict[str, Results] = {}
    for label, (title, counts, copies) in _BASELINES.items():
        writer = BaselineWriter(model if counts else None, copies=copies)
        answers = ask_baseline(writer, lines, ProgressBar(label, len(lines)))
        results[label] = Results(title, score_rows(lines, answers), command=command)
    return results

"""One model, or one baseline, through all questions."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from lsp_server.engine.loader import make_loader
from lsp_server.engine.local import LocalEngine
from lsp_server.settings.schema import EngineSettings
from scripts.embedded_model.collect import SourceFile
from scripts.embedded_model.evaluation.answers import AnswerFile
from scripts.embedded_model.evaluation.asking import Questioner
from scripts.embedded_model.evaluation.baselines import BaselineWriter
from scripts.embedded_model.evaluation.cases import Case
from scripts.embedded_model.evaluation.held_out_loss import measure_loss
from scripts.embedded_model.scores import HeldOutLoss

ReportDone = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Speed:
    """What answering cost in this process, on a machine that may have had other work."""

    num_answers: int
    prompt_tokens_per_second: float
    generated_tokens_per_second: float
    load_average: float


def ask_model(
    model: Path,
    cases: Sequence[Case],
    answers: AnswerFile,
    num_threads: int,
    report_done: ReportDone,
) -> Speed | None:
    """Get every answer that is not there yet; returns the speed, or None if all were there.

    Raises:
        EngineError: the engine failed on a question.
    """
    missing = [case for case in cases if case.key not in answers.answers]
    report_done(len(cases) - len(missing))
    if not missing:
        return None
    return asyncio.run(_ask_all(model, missing, answers, num_threads, report_done))


async def _ask_all(
    model: Path,
    missing: Sequence[Case],
    answers: AnswerFile,
    num_threads: int,
    report_done: ReportDone,
) -> Speed:
    engine = LocalEngine(make_loader(EngineSettings(threads=num_threads)))
    try:
        info = await engine.describe(str(model))
        questioner = Questioner(engine, info)
        for case in missing:
            answers.add(case.key, await questioner.ask(case))
            report_done(len(answers.answers))
    finally:
        await engine.aclose()
    costs = questioner.costs
    return Speed(
        num_answers=len(missing),
        prompt_tokens_per_second=costs.prompt_tokens / max(costs.prompt_seconds, 1e-9),
        generated_tokens_per_second=costs.generated_tokens / max(costs.decode_seconds, 1e-9),
        load_average=os.getloadavg()[0],
    )


def ask_baseline(
    writer: BaselineWriter, cases: Sequence[Case], report_done: ReportDone
) -> dict[str, str]:
    """Every answer of a baseline, which is only ever asked for single lines."""
    answers: dict[str, str] = {}
    for case in cases:
        answers[case.key] = writer.write_line(case.before, case.after)
        report_done(len(answers))
    return answers


def measure_model_loss(
    model: Path, files: Sequence[SourceFile], num_threads: int, report_done: ReportDone
) -> HeldOutLoss:
    """Next-token loss over held-out files."""
    loaded = make_loader(EngineSettings(threads=num_threads))(str(model), lambda _fraction: True)
    try:
        return measure_loss(loaded.runner, files, report_done)
    finally:
        loaded.runner.close()


class ProgressBar:
    """One line with a bar and the time left, on standard error."""

    def __init__(self, title: str, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._title, self._total, self._clock = title, total, clock
        self._started = self._shown = clock()
        self._first: int | None = None

    def __call__(self, num_done: int) -> None:
        """Show how many are done, at most once a second and at the end."""
        now = self._clock()
        if self._first is None:
            self._first = num_done
        if now - self._shown < 1.0 and num_done < self._total:
            return
        self._shown = now
        num_new = num_done - self._first
        left = (now - self._started) / num_new * (self._total - num_done) if num_new else 0.0
        bar = ("#" * (24 * num_done // max(1, self._total))).ljust(24, ".")
        end = "\r" if sys.stderr.isatty() and num_done < self._total else "\n"
        text = f"{self._title} [{bar}] {num_done:,} of {self._total:,}  {left / 60:.1f} min left"
        if end == "\r" or num_done == self._total or num_new % 50 == 0:
            print(text, end=end, file=sys.stderr, flush=True)

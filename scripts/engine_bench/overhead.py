"""`overhead`: what a step of the engine takes longer than a bare `llama_decode` of its batch.

The engine runs in this process as it does in its own: model thread, streams, HTTP over its
socket, with a client process that reads.  A runner underneath computes each step a second time,
bare (`mirrored_runner.py`).  Of a round, the median of the ratio of neighbours counts, over the
steps that write as many answers together as most do: the scheduler may take turns among many.
Where the time goes is measured apart, in processor time.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import json
import os
import statistics
import sys
import threading
import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lsp_server.directories import Directories
from lsp_server.engine.loaded_model import LoadedRunner, ReportProgress
from lsp_server.engine.loader import make_loader
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner
from lsp_server.engine.shared.runtime_folder import runtime_folder
from lsp_server.settings.schema import EngineSettings
from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.crowd import long_prompts
from scripts.engine_bench.intervals import interval, shown
from scripts.engine_bench.machine_options import add_machine_options
from scripts.engine_bench.mirrored_runner import MirroredRunner, StepTimes
from scripts.engine_bench.models import chosen_model, description
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.rounds import add_minutes_option, interleaved
from scripts.engine_bench.stopwatch import PARTS, Stopwatch
from scripts.workplace import environment_of, workplace
from tests.support.served_engine import served

CONTEXT_TOKENS = 4_096
#: What has to hold at every width: a step of the engine against a bare one.
TARGET_RATIO = 1.03
#: Few, so that the last prompt is read long before the first answer is complete.
_PROMPT_TOKENS = 16


@dataclass(slots=True)
class Rounds:
    """What the rounds of one width gave.

    Attributes:
        together: Answers that the steps of each round wrote together.
        ratios: Median ratio of each round.
        engine_ms: Median step of the engine in each round.
        bare_ms: Median bare step in each round.
        parts_ms: Processor time per step, by what it was spent on.
    """

    together: list[int] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)
    engine_ms: list[float] = field(default_factory=list)
    bare_ms: list[float] = field(default_factory=list)
    parts_ms: dict[str, float] = field(default_factory=dict)

    def add(self, steps: Sequence[StepTimes]) -> None:
        """Take in the steps of a round, all of one width."""
        self.together.append(steps[0].num_sequences)
        self.ratios.append(statistics.median(one.engine_ms / one.bare_ms for one in steps))
        self.engine_ms.append(statistics.median(one.engine_ms for one in steps))
        self.bare_ms.append(statistics.median(one.bare_ms for one in steps))

    @property
    def values(self) -> Values:
        """For programs."""
        return {
            "rounds": len(self.ratios),
            "together": statistics.median_low(self.together),
            "engine_ms": round(statistics.median(self.engine_ms), 3),
            "bare_ms": round(statistics.median(self.bare_ms), 3),
            "ratio": interval(self.ratios),
            "processor_ms": {part: round(ms, 4) for part, ms in self.parts_ms.items()},
        }


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    add_machine_options(parser)
    parser.add_argument("--rounds", type=int, default=10, help="default: %(default)s")
    add_minutes_option(parser)
    parser.add_argument(
        "--widths",
        type=int,
        nargs="+",
        default=[1, 2, 4, 8],
        help="answers that are asked for together (default: %(default)s)",
    )
    parser.add_argument(
        "--tokens", type=int, default=32, help="tokens of each answer (default: %(default)s)"
    )


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Measure every width.

    Raises:
        OurFailure: The engine or its client failed.
    """
    load_before = os.getloadavg()[0]
    model = chosen_model(options.model, console)
    num_threads: int = options.threads
    settings = EngineSettings(threads=num_threads, context_tokens=CONTEXT_TOKENS)
    with workplace() as (_, folders):
        async with _engine(settings, folders) as loaded, _reader(model, folders) as reader:
            await reader.ask(["# nothing yet"], 2)
            found = await _measure(loaded[0], reader, options, console)
    conditions = Conditions(
        description(options.model),
        CONTEXT_TOKENS,
        None,
        load_before,
        num_threads,
    )
    widths = {str(width): one.values for width, one in found.items()}
    values = {
        "conditions": conditions.values,
        "tokens_prompt": _PROMPT_TOKENS,
        "tokens_generated": options.tokens,
        "widths": widths,
    }
    return Report(values, (_table(widths), _parts_table(widths), conditions.line))


async def _measure(
    runner: MirroredRunner, reader: _Reader, options: argparse.Namespace, console: Console
) -> dict[int, Rounds]:
    found = {width: Rounds() for width in options.widths}
    prompts = long_prompts(_PROMPT_TOKENS)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("rounds", total=(options.rounds + 1) * len(options.widths))
        for width, _ in interleaved(options.widths, options.rounds, options.minutes):
            found[width].add(await _steps(runner, reader, prompts, width, options.tokens))
            progress.advance(task)
        for width in options.widths:
            stopwatch = Stopwatch()
            with stopwatch.watching():
                steps = await _steps(runner, reader, prompts, width, options.tokens)
            found[width].parts_ms = _parts(stopwatch, steps, options.tokens)
            progress.advance(task)
    return found


async def _steps(
    runner: MirroredRunner, reader: _Reader, prompts: Iterator[str], width: int, num_tokens: int
) -> Sequence[StepTimes]:
    """Have answers written together; return the steps of the most common width.

    The first of them is left out: it follows on a prompt.
    """
    runner.steps.clear()
    await reader.ask([next(prompts) for _ in range(width)], num_tokens)
    decoding = [one for one in runner.steps if one.num_sequences]
    together = statistics.mode(one.num_sequences for one in decoding)
    steps = [one for one in decoding if one.num_sequences == together][1:]
    if len(steps) < 2:
        raise OurFailure(f"{num_tokens} tokens are too few to compare steps; raise --tokens")
    return steps


def _parts(stopwatch: Stopwatch, steps: Sequence[StepTimes], num_tokens: int) -> dict[str, float]:
    """Return the processor time per written token step, by what it was spent on."""
    ms = {part: stopwatch.ms[part] / num_tokens for part in PARTS}
    besides_model = stopwatch.ms_besides_model / num_tokens
    sending_s = steps[-1].other_thread_s - steps[0].other_thread_s
    return {
        **ms,
        "the rest of the step": max(besides_model - sum(ms.values()), 0.0),
        "sending (in a thread of its own)": sending_s * 1_000.0 / (len(steps) - 1),
    }


@asynccontextmanager
async def _engine(
    settings: EngineSettings, folders: Directories
) -> AsyncGenerator[list[MirroredRunner], None]:
    """Run an engine in this process; gives a list that will hold the runner once it is loaded."""
    loaded: list[MirroredRunner] = []
    load_plain = make_loader(settings)
    clock = time.pthread_getcpuclockid(threading.get_ident())

    def load(model: str, report_progress: ReportProgress) -> LoadedRunner:
        plain = load_plain(model, report_progress)
        assert isinstance(plain.runner, LlamaCppRunner), "the settings choose the library"
        loaded.append(MirroredRunner(plain.runner, lambda: time.clock_gettime(clock)))
        # Nothing may be measured or computed in pauses.
        return dataclasses.replace(plain, runner=loaded[0], tuning=None)

    async with served(LocalEngine(load), runtime_folder(folders), settings):
        yield loaded


class _Reader:
    """The client process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def ask(self, prompts: Sequence[str], num_tokens: int) -> None:
        """Have prompts continued together.

        Raises:
            OurFailure: The client ended.
        """
        assert self._process.stdin is not None, "it is a pipe"
        assert self._process.stdout is not None, "it is a pipe"
        line = json.dumps({"prompts": prompts, "tokens": num_tokens})
        self._process.stdin.write(f"{line}\n".encode())
        if not await self._process.stdout.readline():
            raise OurFailure("the client ended; its last words stand above")


@asynccontextmanager
async def _reader(model: Path, folders: Directories) -> AsyncGenerator[_Reader, None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.engine_bench.stream_reader", str(model)),
        env=dict(environment_of(folders)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        yield _Reader(process)
    finally:
        assert process.stdin is not None, "it is a pipe"
        process.stdin.close()
        await process.wait()


def _table(widths: dict[str, Values]) -> Table:
    title = (
        "Milliseconds of a step, and its ratio with the 95 % interval "
        f"(wanted: {TARGET_RATIO:g} at most)"
    )
    table = Table(
        *("answers", "together", "engine", "bare", "ratio"), title=title, title_justify="left"
    )
    for width, values in widths.items():
        table.add_row(
            width,
            str(values["together"]),
            f"{values['engine_ms']:.2f}",
            f"{values['bare_ms']:.2f}",
            shown(values["ratio"], digits=3),
        )
    return table


def _parts_table(widths: dict[str, Values]) -> Table:
    title = "Processor milliseconds per step, besides the model"
    table = Table("", *widths, title=title, title_justify="left")
    for part in next(iter(widths.values()))["processor_ms"]:
        table.add_row(part, *(f"{one['processor_ms'][part]:.3f}" for one in widths.values()))
    return table


OVERHEAD = Benchmark(
    name="overhead",
    summary="What a step takes longer than a bare llama_decode of the same batch.",
    add_options=add_options,
    run=run,
)

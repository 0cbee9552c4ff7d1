"""`busy`: how much longer a step takes while another process keeps one core busy.

Every pair has a quiet half and a busy half, in random order, for each way to run: machines change
their speed by the minute, and only neighbours can be compared.  A pair gives the ratio of the
medians, and that of the worst busy step to the quiet median.  All steps of a half count, those too
in which the engine has not yet noticed the other process; but the very first one, after a pause,
stands apart, because a quiet one is slow, too.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lsp_server.engine.machine import num_usable_cores
from lsp_server.engine.native_environment import native_environment
from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.intervals import interval, ratios, shown
from scripts.engine_bench.models import CHOICES, EMBEDDED, chosen_model, description
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.rounds import add_minutes_option, interleaved
from scripts.peer.environment import plain_environment

_CONTEXT_TOKENS = 512
#: Before each half: what a first step costs depends on how long the process has rested.
_PAUSE_S = 1.0
#: What has to hold: the median step, and the worst one, against the quiet median.
TARGET_MEDIAN = 1.8
TARGET_WORST = 10.0


@dataclass(frozen=True, slots=True)
class Way:
    """One way to run the engine.

    Attributes:
        model: Of which one, a name of `CHOICES`.
        waiting: What a thread does that waits for others: "brief" spins for a moment and then
            sleeps, as the product does; "sleeping" and "spinning" do only one.
        num_threads: CPU threads; 0 as the product does, as many as others leave cores.
        nice: How much it yields to other programs, 0 to 19.
    """

    model: str
    waiting: Literal["brief", "sleeping", "spinning"]
    num_threads: int
    nice: int = 0

    @property
    def name(self) -> str:
        """For people."""
        plural = "" if self.num_threads == 1 else "s"
        threads = f"{self.num_threads or 'adapted'} thread{plural}"
        model = "" if self.model == EMBEDDED else f", {self.model}"
        return f"{self.waiting}, {threads}, nice {self.nice}{model}"

    @property
    def environment(self) -> dict[str, str]:
        """Variables for its process."""
        plain = plain_environment()
        match self.waiting:
            case "brief":
                return native_environment(plain)
            case "sleeping":
                return {**plain, "OMP_WAIT_POLICY": "passive"}
            case "spinning":
                return plain


@dataclass(frozen=True, slots=True)
class Half:
    """Milliseconds of the steps of half a pair.

    Attributes:
        first: The one right after a pause.
        others: Those that count.
    """

    first: float
    others: list[float]


@dataclass(slots=True)
class Pairs:
    """What the pairs of one way gave.

    Attributes:
        quiet_ms: Median quiet step of each pair.
        busy_ms: Median busy step of each pair.
        worst_ms: Longest busy step of each pair.
        quiet_first_ms: First quiet step of each pair.
        busy_first_ms: First busy step of each pair.
        hog_share: Speed of the other process beside steps, against its speed alone.
    """

    quiet_ms: list[float] = field(default_factory=list)
    busy_ms: list[float] = field(default_factory=list)
    worst_ms: list[float] = field(default_factory=list)
    quiet_first_ms: list[float] = field(default_factory=list)
    busy_first_ms: list[float] = field(default_factory=list)
    hog_share: list[float] = field(default_factory=list)

    @property
    def values(self) -> Values:
        """For programs."""
        return {
            "pairs": len(self.quiet_ms),
            "ms_quiet": round(statistics.median(self.quiet_ms), 3),
            "ms_busy": round(statistics.median(self.busy_ms), 3),
            "ms_quiet_first": round(statistics.median(self.quiet_first_ms), 3),
            "ms_busy_first": round(statistics.median(self.busy_first_ms), 3),
            "median_ratio": interval(ratios(self.busy_ms, self.quiet_ms)),
            "worst_ratio": interval(ratios(self.worst_ms, self.quiet_ms)),
            "other_process_speed": interval(self.hog_share),
        }


class _Child:
    """A process that is asked by lines and answers by lines."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def answer(self) -> list[float]:
        """Return the next answer.

        Raises:
            OurFailure: There is none.
        """
        assert self._process.stdout is not None, "it is a pipe"
        line = await self._process.stdout.readline()
        if not line:
            raise OurFailure("a process that times steps ended; its last words stand above")
        values: list[float] = json.loads(line)
        return values

    async def half(self, seconds: float) -> Half:
        """Have steps computed for some time."""
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.write(f"{seconds}\n".encode())
        first, *others = await self.answer()
        return Half(first, others)

    def finish(self) -> None:
        """Let it come to its end."""
        assert self._process.stdin is not None, "it is a pipe"
        self._process.stdin.close()


@asynccontextmanager
async def _child(
    *arguments: str, environment: Mapping[str, str] = os.environ
) -> AsyncGenerator[_Child, None]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "scripts.engine_bench.busy_steps", *arguments),
        env=environment,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**24,
    )
    child = _Child(process)
    try:
        await child.answer()
        yield child
    finally:
        child.finish()
        try:
            await asyncio.wait_for(process.wait(), 10.0)
        except TimeoutError:
            process.kill()
            await process.wait()


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument(
        "--models",
        nargs="+",
        choices=CHOICES,
        default=[EMBEDDED],
        help="the embedded model, or whose shape a random one has; all ways are measured with the "
        "first one, ours with the others, too (default: the embedded model)",
    )
    parser.add_argument("--pairs", type=int, default=10, help="default: %(default)s")
    add_minutes_option(parser)
    parser.add_argument(
        "--seconds", type=float, default=2.0, help="of each half (default: %(default)s)"
    )
    parser.add_argument(
        "--only-ours", action="store_true", help="leave out the ways that we did not choose"
    )


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Measure every way to run the engine.

    Raises:
        OurFailure: A process that times steps ended.
    """
    load_before = os.getloadavg()[0]
    files = {model: chosen_model(model, console) for model in options.models}
    ours = [Way(model, "brief", 0) for model in files]
    ways = ours if options.only_ours else [*ours, *_others(next(iter(files)))]
    found = {way: Pairs() for way in ways}
    async with AsyncExitStack() as stack:
        children = {
            way: await stack.enter_async_context(
                _child(
                    *("steps", str(files[way.model]), str(way.num_threads), str(way.nice)),
                    environment=way.environment,
                )
            )
            for way in ways
        }
        await _measure(children, found, options, console)
    models = " and ".join(description(model) for model in files)
    conditions = Conditions(models, _CONTEXT_TOKENS, None, load_before)
    values = {way.name: pairs.values for way, pairs in found.items()}
    return Report(
        {
            "conditions": conditions.values,
            "seconds": options.seconds,
            "ours": [way.name for way in ours],
            "ways": values,
        },
        (_table(values), conditions.line),
    )


def _others(model: str) -> list[Way]:
    """Return the ways that we did not choose."""
    num_cores = num_usable_cores()
    return [
        Way(model, "brief", num_cores),
        Way(model, "sleeping", num_cores),
        Way(model, "spinning", num_cores),
        Way(model, "brief", 0, 5),
    ]


async def _measure(
    children: dict[Way, _Child],
    found: dict[Way, Pairs],
    options: argparse.Namespace,
    console: Console,
) -> None:
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("pairs", total=options.pairs * len(children))
        for way, is_busy_first in interleaved(list(children), options.pairs, options.minutes):
            await _pair(children[way], found[way], options.seconds, is_busy_first)
            progress.advance(task)


async def _pair(child: _Child, pairs: Pairs, seconds: float, is_busy_first: bool) -> None:
    """Measure one pair; the other process also runs alone, for as long as beside the steps."""
    halves: dict[bool, Half] = {}
    for is_busy in (is_busy_first, not is_busy_first):
        await asyncio.sleep(_PAUSE_S)
        if not is_busy:
            halves[is_busy] = await child.half(seconds)
            continue
        async with _child("hog") as hog:
            halves[is_busy] = await child.half(seconds)
            hog.finish()
            beside = (await hog.answer())[0]
    async with _child("hog") as hog:
        await asyncio.sleep(seconds)
        hog.finish()
        alone = (await hog.answer())[0]
    quiet, busy = halves[False], halves[True]
    pairs.quiet_ms.append(statistics.median(quiet.others))
    pairs.busy_ms.append(statistics.median(busy.others))
    pairs.worst_ms.append(max(busy.others))
    pairs.quiet_first_ms.append(quiet.first)
    pairs.busy_first_ms.append(busy.first)
    pairs.hog_share.append(beside / alone)


def _table(values: dict[str, Values]) -> Table:
    title = (
        f"A step beside a busy core, against quiet: median (wanted: {TARGET_MEDIAN:g} at most), "
        f"worst ({TARGET_WORST:g} at most); 95 % intervals.  Milliseconds: median step, and the "
        "first after a pause"
    )
    table = Table("way", "quiet ms", "busy ms", "median", "worst", "other process", title=title)
    for name, one in values.items():
        cells = (shown(one[key]) for key in ("median_ratio", "worst_ratio", "other_process_speed"))
        table.add_row(name, *shown_ms(one), *cells)
    return table


def shown_ms(way: Values) -> tuple[str, str]:
    """Return quiet and busy milliseconds of one way for people: the median and the first."""
    quiet, busy = (
        f"{way[f'ms_{half}']:.2f}, {way[f'ms_{half}_first']:.0f}" for half in ("quiet", "busy")
    )
    return quiet, busy


BUSY = Benchmark(
    name="busy",
    summary="How much longer steps take while another process keeps a core busy.",
    add_options=add_options,
    run=run,
)

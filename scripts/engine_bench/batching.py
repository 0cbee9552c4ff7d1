"""`batching`: tokens per second of several requests at once, beside the peer.

All requests of a half start at the same moment, each with a prompt of its own, and all answers
are streamed to this process.  Everything is asked twice: first with prompts that are new, then
with the same ones again, which both systems have in their caches.  Tokens per second are all
generated tokens by the time from the first request to the last end, so the first time prompts
count in them, and the second time they do not.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.crowd import long_prompts
from scripts.engine_bench.engine_process import (
    EngineOptions,
    attached,
    engine_folders,
    wait_until_measured,
)
from scripts.engine_bench.intervals import interval, ratios, shown
from scripts.engine_bench.machine_options import add_machine_options
from scripts.engine_bench.models import chosen_model, description
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.rounds import add_minutes_option, interleaved
from scripts.engine_bench.streams import Answered, OurStreams, PeerStreams, Streams
from scripts.peer.options import PeerOptions
from scripts.peer.program import find_peer
from scripts.peer.server import serving
from scripts.set_up.progress import Reporter

CONTEXT_TOKENS = 4_096
WIDTHS = (1, 2, 4, 8)
#: What has to hold of the ratio ours / peer at every width.
TARGET_MEDIAN = 0.97
TARGET_UPPER = 1.0
#: Answers of random models may end early, once in some hundred; then other prompts are taken.
_MAX_TRIES = 10

NEW_PROMPTS = "new prompts"
CACHED_PROMPTS = "cached prompts"


@dataclass(frozen=True, slots=True)
class Half:
    """What one system did with new prompts and then with the same ones.

    Attributes:
        new: The answers to new prompts.
        cached: The answers to the same ones again.
    """

    new: Sequence[Answered]
    cached: Sequence[Answered]

    def is_whole(self, num_tokens: int) -> bool:
        """Return whether no answer ended early."""
        return all(one.tokens_generated == num_tokens for one in (*self.new, *self.cached))


@dataclass(slots=True)
class Halves:
    """Tokens per second of one system at one width, pair by pair."""

    new: list[float] = field(default_factory=list)
    cached: list[float] = field(default_factory=list)
    tokens_prompt: list[int] = field(default_factory=list)
    tokens_cached: list[int] = field(default_factory=list)

    def add(self, half: Half) -> None:
        """Take in one half of a pair."""
        self.new.append(tokens_per_second(half.new))
        self.cached.append(tokens_per_second(half.cached))
        self.tokens_prompt += [one.tokens_computed for one in half.new]
        self.tokens_cached += [one.tokens_computed for one in half.cached]

    @property
    def rates(self) -> Mapping[str, list[float]]:
        """Tokens per second by what was asked."""
        return {NEW_PROMPTS: self.new, CACHED_PROMPTS: self.cached}

    @property
    def values(self) -> Values:
        """For programs."""
        return {
            "tokens_prompt_mean": round(statistics.fmean(self.tokens_prompt), 1),
            "tokens_prompt_computed_again_mean": round(statistics.fmean(self.tokens_cached), 1),
            **{name: [round(rate, 2) for rate in rates] for name, rates in self.rates.items()},
        }


def tokens_per_second(answers: Sequence[Answered]) -> float:
    """Return all generated tokens by the time from the first question to the last end."""
    started_s = min(one.asked_s for one in answers)
    ended_s = max(one.end_s for one in answers)
    return sum(one.tokens_generated for one in answers) / (ended_s - started_s)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    add_machine_options(parser)
    parser.add_argument("--pairs", type=int, default=10, help="default: %(default)s")
    add_minutes_option(parser)
    parser.add_argument(
        "--widths",
        type=int,
        nargs="+",
        default=list(WIDTHS),
        help="requests at once (default: %(default)s)",
    )
    parser.add_argument(
        "--prompt-tokens", type=int, default=128, help="about (default: %(default)s)"
    )
    parser.add_argument(
        "--tokens", type=int, default=48, help="tokens of each answer (default: %(default)s)"
    )


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Measure both systems, pair by pair.

    Raises:
        PeerFailed: The peer could not be started or failed.
        OurFailure: Our engine failed.
    """
    load_before = os.getloadavg()[0]
    peer = None if options.no_peer else find_peer(Reporter(sys.stderr))
    model = chosen_model(options.model, console)
    num_threads: int = options.threads
    async with AsyncExitStack() as stack:
        folders = await stack.enter_async_context(
            engine_folders(EngineOptions(CONTEXT_TOKENS, num_threads))
        )
        client = await stack.enter_async_context(attached(folders))
        await wait_until_measured(client, str(model))
        systems: dict[str, Streams] = {"bantam": OurStreams(client, str(model))}
        if peer is not None:
            slots = PeerOptions(CONTEXT_TOKENS, num_threads, max(options.widths))
            served = await stack.enter_async_context(serving(peer, model, slots))
            systems["peer"] = PeerStreams(served)
        found = await _measure(systems, options, console)
    conditions = Conditions(
        description(options.model),
        CONTEXT_TOKENS,
        peer.name if peer else None,
        load_before,
        num_threads,
    )
    widths = {str(width): _width_values(halves) for width, halves in found.items()}
    values = {
        "conditions": conditions.values,
        "pairs": len(found[options.widths[0]]["bantam"].new),
        "tokens_generated": options.tokens,
        "widths": widths,
    }
    return Report(values, (_table(widths, options), conditions.line))


async def _measure(
    systems: Mapping[str, Streams], options: argparse.Namespace, console: Console
) -> dict[int, dict[str, Halves]]:
    found = {width: {name: Halves() for name in systems} for width in options.widths}
    prompts = long_prompts(options.prompt_tokens)
    for system in systems.values():
        # Nobody's first answer counts: pages come into memory, and threads are started.
        await _half(system, _take(prompts, max(options.widths)), options.tokens)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("pairs", total=options.pairs * len(options.widths))
        for width, is_ours_first in interleaved(options.widths, options.pairs, options.minutes):
            order = list(systems) if is_ours_first else list(systems)[::-1]
            halves = await _pair({name: systems[name] for name in order}, width, prompts, options)
            for name, half in halves.items():
                found[width][name].add(half)
            progress.advance(task)
    return found


async def _pair(
    systems: Mapping[str, Streams],
    width: int,
    prompts: Iterator[str],
    options: argparse.Namespace,
) -> Mapping[str, Half]:
    """Ask all systems the same, one after the other."""
    for _ in range(_MAX_TRIES):
        asked = _take(prompts, width)
        halves = {
            name: await _half(system, asked, options.tokens) for name, system in systems.items()
        }
        if all(half.is_whole(options.tokens) for half in halves.values()):
            return halves
    raise OurFailure(
        f"in {_MAX_TRIES} tries at {width} requests some answer ended before {options.tokens} "
        "tokens; lower --tokens"
    )


async def _half(system: Streams, prompts: Sequence[str], num_tokens: int) -> Half:
    new = await _ask_together(system, prompts, num_tokens)
    return Half(new, await _ask_together(system, prompts, num_tokens))


async def _ask_together(
    system: Streams, prompts: Sequence[str], num_tokens: int
) -> Sequence[Answered]:
    return await asyncio.gather(
        *(system.ask(prompt, document, num_tokens) for document, prompt in enumerate(prompts))
    )


def _take(prompts: Iterator[str], num_prompts: int) -> list[str]:
    return [next(prompts) for _ in range(num_prompts)]


def _width_values(halves: Mapping[str, Halves]) -> Values:
    values: dict[str, object] = {name: one.values for name, one in halves.items()}
    if "peer" in halves:
        values["ratio"] = {
            name: interval(ratios(rates, halves["peer"].rates[name]))
            for name, rates in halves["bantam"].rates.items()
        }
    return values


def _table(widths: Mapping[str, Values], options: argparse.Namespace) -> Table:
    title = (
        f"Tokens per second, {options.tokens} tokens to every prompt; ratio with its 95 % interval "
        f"(wanted: median {TARGET_MEDIAN:g}, upper end {TARGET_UPPER:g} at least)"
    )
    table = Table("requests", "", "bantam", "peer", "ratio", title=title, title_justify="left")
    for width, values in widths.items():
        for name in (NEW_PROMPTS, CACHED_PROMPTS):
            cells = [
                f"{statistics.median(values[system][name]):.1f}" if system in values else ""
                for system in ("bantam", "peer")
            ]
            ratio = shown(values["ratio"][name]) if "ratio" in values else ""
            table.add_row(width, name, *cells, ratio)
    return table


BATCHING = Benchmark(
    name="batching",
    summary="Tokens per second of several requests at once.",
    add_options=add_options,
    run=run,
)

"""`startup`: how long it takes to the first token, from nothing and from what runs already.

Cold: no process runs; the model's file is in the system's cache, as it is after its first use.
Warm: the same client asks again, with another prompt.  Attach: a new client connects to what
runs and asks with another prompt.  Prompts have about 32 tokens, and none begins as another;
ours are asked for as ghost text is, which is what somebody waits for.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lsp_server.engine.api import Priority
from lsp_server.engine.client import EngineClient
from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.crowd import long_prompts
from scripts.engine_bench.engine_process import EngineOptions, attached, engine_folders
from scripts.engine_bench.intervals import interval, ratios, shown
from scripts.engine_bench.machine_options import add_machine_options
from scripts.engine_bench.models import chosen_model, description
from scripts.engine_bench.rounds import add_minutes_option, interleaved
from scripts.engine_bench.streams import OurStreams, PeerStreams
from scripts.peer.options import PeerOptions
from scripts.peer.program import Peer, find_peer
from scripts.peer.server import another_client, serving
from scripts.set_up.progress import Reporter

CONTEXT_TOKENS = 4_096
PROMPT_TOKENS = 32
#: What is measured, in order.
CASES = ("cold", "warm", "attach")

#: Starts a system, asks it three times, ends it; returns milliseconds by case.
Start = Callable[[Iterator[str]], Awaitable[Mapping[str, float]]]


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    add_machine_options(parser)
    parser.add_argument("--pairs", type=int, default=10, help="default: %(default)s")
    add_minutes_option(parser)


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Start both systems again and again.

    Raises:
        PeerFailed: The peer could not be started or failed.
        OurFailure: Our engine failed.
    """
    load_before = os.getloadavg()[0]
    peer = None if options.no_peer else find_peer(Reporter(sys.stderr))
    model = chosen_model(options.model, console)
    num_threads: int = options.threads
    starts: dict[str, Start] = {
        "bantam": lambda prompts: _start_ours(model, num_threads, prompts),
    }
    if peer is not None:
        starts["peer"] = lambda prompts: _start_peer(peer, model, num_threads, prompts)
    found = await _measure(starts, options, console)
    conditions = Conditions(
        description(options.model),
        CONTEXT_TOKENS,
        peer.name if peer else None,
        load_before,
        num_threads,
    )
    cases = {case: _case_values(found, case) for case in CASES}
    values = {
        "conditions": conditions.values,
        "pairs": len(found["bantam"]),
        "tokens_prompt": PROMPT_TOKENS,
        "cases": cases,
    }
    return Report(values, (_table(cases), conditions.line))


async def _measure(
    starts: Mapping[str, Start], options: argparse.Namespace, console: Console
) -> dict[str, list[Mapping[str, float]]]:
    found: dict[str, list[Mapping[str, float]]] = {name: [] for name in starts}
    prompts = long_prompts(PROMPT_TOKENS)
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("pairs", total=options.pairs)
        for names, is_in_order in interleaved([list(starts)], options.pairs, options.minutes):
            for name in names if is_in_order else names[::-1]:
                found[name].append(await starts[name](prompts))
            progress.advance(task)
    return found


async def _start_ours(model: Path, num_threads: int, prompts: Iterator[str]) -> Mapping[str, float]:
    options = EngineOptions(CONTEXT_TOKENS, num_threads)
    async with engine_folders(options) as folders, attached(folders) as client:
        streams = _streams(client, model)
        cold = await streams.ask(next(prompts), 0, 1)
        warm = await streams.ask(next(prompts), 1, 1)
        async with attached(folders) as another:
            attach = await _streams(another, model).ask(next(prompts), 2, 1)
    answers = zip(CASES, (cold, warm, attach), strict=True)
    return {case: answered.ms_to_first for case, answered in answers}


def _streams(client: EngineClient, model: Path) -> OurStreams:
    return OurStreams(client, str(model), Priority.GHOST_TEXT)


async def _start_peer(
    peer: Peer, model: Path, num_threads: int, prompts: Iterator[str]
) -> Mapping[str, float]:
    started_s = time.perf_counter()
    async with serving(peer, model, PeerOptions(CONTEXT_TOKENS, num_threads)) as client:
        streams = PeerStreams(client)
        cold = await streams.ask(next(prompts), 0, 1)
        warm = await streams.ask(next(prompts), 1, 1)
        async with another_client(client) as another:
            attach = await PeerStreams(another).ask(next(prompts), 2, 1)
    answers = zip(CASES[1:], (warm, attach), strict=True)
    return {
        CASES[0]: (cold.first_s - started_s) * 1_000.0,
        **{case: answered.ms_to_first for case, answered in answers},
    }


def _case_values(found: Mapping[str, list[Mapping[str, float]]], case: str) -> Values:
    ms = {name: [one[case] for one in rounds] for name, rounds in found.items()}
    values: dict[str, object] = {
        name: {"ms": [round(one, 2) for one in some]} for name, some in ms.items()
    }
    if "peer" in ms:
        values["ratio"] = interval(ratios(ms["bantam"], ms["peer"]))
    return values


def _table(cases: Mapping[str, Values]) -> Table:
    title = "Milliseconds to the first token: median; ratio with its 95 % interval"
    table = Table("", "bantam", "peer", "ratio", title=title, title_justify="left")
    for case, values in cases.items():
        cells = [
            f"{statistics.median(values[name]['ms']):,.0f}" if name in values else ""
            for name in ("bantam", "peer")
        ]
        table.add_row(case, *cells, shown(values["ratio"]) if "ratio" in values else "")
    return table


STARTUP = Benchmark(
    name="startup",
    summary="Milliseconds to the first token: cold, warm, and for a client that attaches.",
    add_options=add_options,
    run=run,
)

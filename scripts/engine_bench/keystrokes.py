"""`keystrokes`: what a key costs while a person types in real files.

Every key asks, in both systems, and nothing is answered from memory.  Counts come from a small
model with DeepSeek-Coder's vocabulary: they do not depend on weights.  Times come from a file of
DeepSeek-Coder 1.3B's shape.
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from scripts.engine_bench.asking import System
from scripts.engine_bench.benchmark import Benchmark, Report
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.keystroke_report import (
    Asked,
    Found,
    count_table,
    found_values,
    kind_table,
    time_table,
)
from scripts.engine_bench.models import bench_model
from scripts.engine_bench.ours import bench_settings, our_system
from scripts.engine_bench.sources import PAIRS
from scripts.engine_bench.theirs import PeerSystem
from scripts.engine_bench.traces import Key, typing_session
from scripts.peer.options import PeerOptions
from scripts.peer.program import Peer, find_peer
from scripts.peer.server import serving
from scripts.set_up.progress import Reporter
from scripts.synthetic_model.quantisation import Quantisation

CONTEXT_TOKENS = 4_096
COUNTED_MODEL = ("tiny-deepseek-coder", Quantisation.Q8_0)
TIMED_MODEL = ("deepseek-coder-1.3b", Quantisation.Q4_K_M)
#: Tokens of an answer: one where prompts are counted, a short line where time is taken.
_COUNTED_TOKENS = 1
_TIMED_TOKENS = 8


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument(
        "--sessions",
        type=int,
        default=len(PAIRS),
        choices=range(1, len(PAIRS) + 1),
        help="sessions of about 600 keys that are counted (default: %(default)s)",
    )
    parser.add_argument(
        "--keys", type=int, help="keys per session, from the first one on (default: all)"
    )
    parser.add_argument(
        "--timed-keys",
        type=int,
        default=100,
        help="keys on the 1.3B shape, whose time is taken; 0 takes none (default: %(default)s)",
    )


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Count, then take times.

    Raises:
        PeerFailed: The peer could not be started or failed.
        OurFailure: Our engine failed.
    """
    load_before = os.getloadavg()[0]
    peer = None if options.no_peer else find_peer(Reporter(sys.stderr))
    sessions = [
        list(itertools.islice(typing_session(*pair), options.keys))
        for pair in PAIRS[: options.sessions]
    ]
    counted = await _both(sessions, COUNTED_MODEL, _COUNTED_TOKENS, peer, console)
    timed: dict[str, Found] = {}
    if options.timed_keys:
        keys = list(itertools.islice(typing_session(*PAIRS[0]), options.timed_keys))
        timed = await _both([keys], TIMED_MODEL, _TIMED_TOKENS, peer, console)
    conditions = Conditions(
        _description(COUNTED_MODEL), CONTEXT_TOKENS, peer.name if peer else None, load_before
    )
    values = {name: found_values(found, timed.get(name)) for name, found in counted.items()}
    tables = [count_table(counted), kind_table(counted)]
    tables += [time_table(timed, _description(TIMED_MODEL))] if timed else []
    return Report({"conditions": conditions.values, **values}, (*tables, conditions.line))


async def _both(
    sessions: Sequence[Sequence[Key]],
    model: tuple[str, Quantisation],
    max_tokens: int,
    peer: Peer | None,
    console: Console,
) -> dict[str, Found]:
    """Ask both systems, one after the other; each session begins with an empty cache."""
    path = bench_model(*model, console)
    result = {"bantam": Found(tuple(await _ask_ours(sessions, path, max_tokens, console)))}
    if peer is not None:
        asked = await _ask_peer(sessions, path, max_tokens, peer, console)
        result["peer"] = Found(tuple(asked))
    return result


async def _ask_ours(
    sessions: Sequence[Sequence[Key]], model: Path, max_tokens: int, console: Console
) -> list[Asked]:
    asked: list[Asked] = []
    settings = bench_settings(model, CONTEXT_TOKENS, max_tokens)
    for keys in sessions:
        async with our_system(settings) as system:
            asked += await _ask(system, keys, "bantam", console)
    return asked


async def _ask_peer(
    sessions: Sequence[Sequence[Key]], model: Path, max_tokens: int, peer: Peer, console: Console
) -> list[Asked]:
    asked: list[Asked] = []
    for keys in sessions:
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(
                serving(peer, model, PeerOptions(CONTEXT_TOKENS))
            )
            asked += await _ask(PeerSystem(client, max_tokens), keys, "peer", console)
    return asked


async def _ask(system: System, keys: Sequence[Key], name: str, console: Console) -> list[Asked]:
    asked = []
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(f"{name}, {keys[0].document}", total=len(keys))
        for key in keys:
            asked.append(Asked(key, await system.ask(key)))
            progress.advance(task)
    return asked


def _description(model: tuple[str, Quantisation]) -> str:
    name, quantisation = model
    return f"random weights of {name}'s shape in {quantisation.name}"


KEYSTROKES = Benchmark(
    name="keystrokes",
    summary="Tokens and milliseconds per key while a person types in real files.",
    add_options=add_options,
    run=run,
)

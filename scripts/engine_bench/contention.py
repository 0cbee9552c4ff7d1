"""`contention`: how long a warm key takes while the model has other work.

Every case is measured in rounds, each with keys typed alone just before: busy machines change
their speed by the minute, and only neighbours can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from lsp_server.engine.local import create_local_engine
from scripts.engine_bench.benchmark import Benchmark, Report
from scripts.engine_bench.case import Case, Span
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.crowd import (
    KEY_TOKENS,
    Contender,
    OurContender,
    PeerContender,
    Typist,
    long_prompts,
)
from scripts.engine_bench.models import bench_model, description
from scripts.engine_bench.ours import bench_settings
from scripts.engine_bench.sources import PAIRS
from scripts.engine_bench.summary import summarise
from scripts.peer.options import PeerOptions
from scripts.peer.program import find_peer
from scripts.peer.server import serving
from scripts.set_up.progress import Reporter
from scripts.synthetic_model.presets import PRESETS
from scripts.synthetic_model.quantisation import Quantisation

#: Room for four documents, or for one and an action.
CONTEXT_TOKENS = 8_192
_PREFILL_TOKENS = 1_500
_DECODE_TOKENS = 512
_NUM_DOCUMENTS = 4
#: Of each of the other documents.
_OTHER_TOKENS = 500
#: The peer is several times slower: a round tells.
_NUM_PEER_ROUNDS = 1
#: The first keys of a file are cold; these are typed before anything is measured.
_NUM_WARMING_KEYS = 3
#: A person does not type on at once.
_BETWEEN_KEYS_S = 0.1
#: One that nobody types in; the peer's action slot.
_WARMED_DOCUMENT = _NUM_DOCUMENTS - 1


#: Does some work once.
Work = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is measured.

    Attributes:
        num_rounds: Rounds of each case.
        num_keys: Keys alone in each round.
    """

    num_rounds: int
    num_keys: int


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    parser.add_argument(
        "--model",
        choices=tuple(PRESETS),
        default="small-deepseek-coder",
        help="whose shape the model has (default: %(default)s)",
    )
    parser.add_argument(
        "--rounds", type=int, default=4, help="of our engine per case (default: %(default)s)"
    )
    parser.add_argument(
        "--keys", type=int, default=8, help="keys alone per round (default: %(default)s)"
    )


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Measure both systems.

    Raises:
        PeerFailed: The peer could not be started or failed.
        OurFailure: Our engine failed.
    """
    load_before = os.getloadavg()[0]
    peer = None if options.no_peer else find_peer(Reporter(sys.stderr))
    model = bench_model(options.model, Quantisation.Q4_K_M, console)
    effort = Effort(options.rounds, options.keys)
    found: dict[str, dict[str, Case]] = {}
    async with _ours(model) as contender:
        found["bantam"] = await _measure(contender, effort, "bantam", console)
    if peer is not None:
        async with serving(peer, model, PeerOptions(CONTEXT_TOKENS)) as client:
            peer_effort = Effort(min(_NUM_PEER_ROUNDS, options.rounds), options.keys)
            found["peer"] = await _measure(PeerContender(client), peer_effort, "peer", console)
    conditions = Conditions(
        *(description(options.model), CONTEXT_TOKENS),
        *(peer.name if peer else None, load_before),
    )
    values = {
        name: {case: one.values for case, one in cases.items()} for name, cases in found.items()
    }
    return Report({"conditions": conditions.values, **values}, (_table(found), conditions.line))


@asynccontextmanager
async def _ours(model: Path) -> AsyncGenerator[OurContender, None]:
    settings = bench_settings(model, CONTEXT_TOKENS, KEY_TOKENS)
    engine = create_local_engine(settings.engine)
    try:
        yield OurContender(engine, settings)
    finally:
        await engine.aclose()


async def _measure(
    contender: Contender, effort: Effort, name: str, console: Console
) -> dict[str, Case]:
    prompts = long_prompts(_PREFILL_TOKENS)
    short_prompts = long_prompts(64)
    other_prompts = long_prompts(_OTHER_TOKENS)
    works: dict[str, Work] = {
        f"action, prefill of {_PREFILL_TOKENS}": lambda: contender.act(next(prompts), 1),
        f"action, decode of {_DECODE_TOKENS}": lambda: contender.act(
            next(short_prompts), _DECODE_TOKENS
        ),
        f"warming of {_PREFILL_TOKENS}": lambda: contender.warm(next(prompts), _WARMED_DOCUMENT),
        f"{_NUM_DOCUMENTS} documents, typed in one": lambda: _warm_others(contender, other_prompts),
    }
    typists = [Typist(contender, document, PAIRS[document]) for document in range(_NUM_DOCUMENTS)]
    cases = {title: Case() for title in works}
    crowd = cases[f"{_NUM_DOCUMENTS} documents, typed in all"] = Case()
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task(name, total=effort.num_rounds * len(cases))
        for _ in range(effort.num_rounds):
            for title, work in works.items():
                await _measure_beside(cases[title], typists[0], work, effort)
                progress.advance(task)
            await _measure_crowd(crowd, typists, effort)
            progress.advance(task)
    return cases


async def _warm_others(contender: Contender, prompts: Iterator[str]) -> None:
    """Warm the documents that nobody types in, all at once."""
    others = range(1, _NUM_DOCUMENTS)
    await asyncio.gather(*(contender.warm(next(prompts), document) for document in others))


async def _measure_beside(case: Case, typist: Typist, work: Work, effort: Effort) -> None:
    """Type alone, work alone, then type while work follows on work."""
    await _warm_up(typist)
    case.alone_ms += [key.ms for key in await _type(typist, effort.num_keys)]
    case.work_alone_ms.append((await _timed(work)).ms)
    await _warm_up(typist)
    is_enough = asyncio.Event()
    working = asyncio.create_task(_repeat(work, is_enough))
    keys = await _type(typist, effort.num_keys)
    is_enough.set()
    for span in await working:
        case.work_beside_ms.append(span.ms)
        case.keys_beside_work_ms.append(span.ms_beside(keys))
    case.beside_ms += [key.ms for key in keys]


async def _repeat(work: Work, is_enough: asyncio.Event) -> list[Span]:
    spans = []
    while not is_enough.is_set():
        spans.append(await _timed(work))
    return spans


async def _timed(work: Work) -> Span:
    start_s = time.perf_counter()
    await work()
    return Span(start_s, time.perf_counter())


async def _measure_crowd(case: Case, typists: list[Typist], effort: Effort) -> None:
    for typist in typists:
        await _warm_up(typist)
    case.alone_ms += [key.ms for key in await _type(typists[0], effort.num_keys)]
    together = [_type(typist, effort.num_keys) for typist in typists]
    for keys in await asyncio.gather(*together):
        case.beside_ms += [key.ms for key in keys]


async def _warm_up(typist: Typist) -> None:
    for _ in range(_NUM_WARMING_KEYS):
        await typist.press()


async def _type(typist: Typist, num_keys: int) -> list[Span]:
    keys = []
    for _ in range(num_keys):
        await asyncio.sleep(_BETWEEN_KEYS_S)
        keys.append(await _timed(typist.press))
    return keys


def _table(found: dict[str, dict[str, Case]]) -> Table:
    title = f"Milliseconds per warm key with {KEY_TOKENS} tokens of answer: p50, p95"
    table = Table(title=title, title_justify="left")
    table.add_column("while")
    table.add_column("")
    for column in ("keys", "alone", "beside it", "times", "work lost"):
        table.add_column(column, justify="right")
    for case in next(iter(found.values())):
        for name, cases in found.items():
            one = cases[case]
            alone, beside = summarise(one.alone_ms), summarise(one.beside_ms)
            table.add_row(
                *(case, name, str(beside.num_values)),
                *(f"{alone.p50:,.0f}, {alone.p95:,.0f}", f"{beside.p50:,.0f}, {beside.p95:,.0f}"),
                f"{one.slowdown:.2f}",
                "" if one.work_loss is None else f"{one.work_loss:.2f}",
            )
        table.add_section()
    return table


CONTENTION = Benchmark(
    name="contention",
    summary="Milliseconds per key while the model has other work.",
    add_options=add_options,
    run=run,
)

"""`memory`: what a loaded model takes, beside the peer, and what eight windows with it take.

The engine and the peer run one after the other, so that neither shares a mapped file with the
other.  "Used" is after eight documents with a prompt and an answer each, and a pause in which our
engine copies all but the last one out of its cells.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console
from rich.table import Table

from lsp_server.engine.client import EngineClient
from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.crowd import long_prompts
from scripts.engine_bench.engine_process import (
    EngineOptions,
    attached,
    engine_folders,
    wait_until_measured,
)
from scripts.engine_bench.machine_options import add_machine_options
from scripts.engine_bench.models import chosen_model, description
from scripts.engine_bench.process_memory import memory_of, total
from scripts.engine_bench.streams import OurStreams, PeerStreams, Streams
from scripts.engine_bench.windows import open_windows
from scripts.peer.options import PeerOptions
from scripts.peer.program import Peer, find_peer
from scripts.peer.server import serving
from scripts.set_up.progress import Reporter

CONTEXT_TOKENS = 4_096
_NUM_DOCUMENTS = 8
_PROMPT_TOKENS = 256
_ANSWER_TOKENS = 32
#: Documents are copied out after two seconds in which nobody asks.
_REST_S = 6.0


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the benchmark's options."""
    add_machine_options(parser)
    parser.add_argument("--windows", type=int, default=8, help="at most 11 (default: %(default)s)")


async def run(options: argparse.Namespace, console: Console) -> Report:
    """Measure the engine, the peer, and the windows.

    Raises:
        PeerFailed: The peer could not be started or failed.
        OurFailure: Our engine or a server failed.
    """
    load_before = os.getloadavg()[0]
    peer = None if options.no_peer else find_peer(Reporter(sys.stderr))
    model = chosen_model(options.model, console)
    engine_options = EngineOptions(CONTEXT_TOKENS, options.threads)
    found: dict[str, Values] = {}
    with console.status("our engine"):
        found["bantam"] = await _measure_ours(model, engine_options)
    if peer is not None:
        with console.status("llama-server"):
            found["peer"] = await _measure_peer(peer, model, engine_options)
    with console.status(f"{options.windows} windows"):
        windows = await _measure_windows(options.windows, model, engine_options)
    conditions = Conditions(
        description(options.model),
        CONTEXT_TOKENS,
        peer.name if peer else None,
        load_before,
        engine_options.num_threads,
    )
    values = {
        "conditions": conditions.values,
        "model_file_mib": round(model.stat().st_size / 1024**2, 1),
        "tokens_used": _NUM_DOCUMENTS * (_PROMPT_TOKENS + _ANSWER_TOKENS),
        **found,
        "windows": windows,
    }
    return Report(values, (_table(found), _windows_table(windows), conditions.line))


async def _measure_ours(model: Path, options: EngineOptions) -> Values:
    async with engine_folders(options) as folders, attached(folders) as client:
        await wait_until_measured(client, str(model))
        pid = await _engine_pid(client)
        loaded = memory_of(pid)
        await _use(OurStreams(client, str(model)))
        return {"loaded": loaded.values, "used": memory_of(pid).values}


async def _measure_peer(peer: Peer, model: Path, options: EngineOptions) -> Values:
    served = PeerOptions(options.context_tokens, options.num_threads, _NUM_DOCUMENTS)
    async with serving(peer, model, served) as client:
        loaded = memory_of(client.pid)
        await _use(PeerStreams(client))
        return {"loaded": loaded.values, "used": memory_of(client.pid).values}


async def _measure_windows(num_windows: int, model: Path, options: EngineOptions) -> Values:
    async with engine_folders(options) as folders, attached(folders) as client:
        await wait_until_measured(client, str(model))
        async with open_windows(num_windows, model, folders) as pids:
            await asyncio.sleep(_REST_S)
            servers = [memory_of(pid) for pid in pids]
            status = await client.status()
            engine = memory_of(status.pid)
    saved_mib = sum(one.bytes_saved for one in status.models) / 1024**2
    return {
        "number": num_windows,
        "server": [one.values for one in servers],
        "servers_together": total(servers).values,
        "engine": engine.values,
        "documents_outside_the_cache_mib": round(saved_mib, 1),
    }


async def _engine_pid(client: EngineClient) -> int:
    return (await client.status()).pid


async def _use(system: Streams) -> None:
    prompts = long_prompts(_PROMPT_TOKENS)
    for document in range(_NUM_DOCUMENTS):
        await system.ask(next(prompts), document, _ANSWER_TOKENS)
    await asyncio.sleep(_REST_S)


def _table(found: Mapping[str, Values]) -> Table:
    title = "MiB with one model: resident, and with shared pages in equal parts"
    table = Table("", "loaded", "", "used", "", title=title, title_justify="left")
    for name, values in found.items():
        table.add_row(name, *_cells(values["loaded"]), *_cells(values["used"]))
    return table


def _windows_table(windows: Values) -> Table:
    title = f"MiB of {windows['number']} windows that share one engine"
    table = Table("", "resident", "shared in parts", title=title, title_justify="left")
    table.add_row("all servers", *_cells(windows["servers_together"]))
    table.add_row("the engine", *_cells(windows["engine"]))
    return table


def _cells(values: Values) -> tuple[str, str]:
    pss = values["pss_mib"]
    return (f"{values['rss_mib']:,.0f}", "only root may see it" if pss is None else f"{pss:,.0f}")


MEMORY = Benchmark(
    name="memory",
    summary="Memory of one model beside the peer, and of eight windows that share it.",
    add_options=add_options,
    run=run,
)

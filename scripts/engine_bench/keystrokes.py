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
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from scripts.engine_bench.asking import KeyCost, System
from scripts.engine_bench.benchmark import Benchmark, Report, Values
from scripts.engine_bench.conditions import Conditions
from scripts.engine_bench.models import bench_model
from scripts.engine_bench.ours import bench_settings, our_system
from scripts.engine_bench.sources import PAIRS
from scripts.engine_bench.summary import Summary, summarise
from scripts.engine_bench.theirs import PeerSystem
from scripts.engine_bench.traces import Key, KeyKind, typing_session
from scripts.peer.server import Peer, find_peer, serving
from scripts.set_up.progress import Reporter
from scripts.synthetic_model.quantisation import Quantisation

CONTEXT_TOKENS = 4_096
COUNTED_MODEL = ("tiny-deepseek-coder", Quantisation.Q8_0)
TIMED_MODEL = ("deepseek-coder-1.3b", Quantisation.Q4_K_M)
#: Tokens of an answer: one where prompts are counted, a short line where time is taken.
_COUNTED_TOKENS = 1
_TIMED_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Asked:
    """One key and what it cost."""

    key: Key
    cost: KeyCost

    @property
    def is_cold(self) -> bool:
        """Whether no system can know the file yet."""
        return self.key.kind is KeyKind.COLD


@dataclass(frozen=True, slots=True)
class Found:
    """What one system was asked and what that cost."""

    asked: tuple[Asked, ...]

    def costs(self, kinds: Iterable[KeyKind]) -> list[KeyCost]:
        """Return the costs of keys of some kinds."""
        wanted = set(kinds)
        return [one.cost for one in self.asked if one.key.kind in wanted]

    @property
    def warm(self) -> list[KeyCost]:
        """Costs of all keys but the first ones in a file."""
        return [one.cost for one in self.asked if not one.is_cold]

    @property
    def cold(self) -> list[KeyCost]:
        """Costs of the first keys in a file."""
        return [one.cost for one in self.asked if one.is_cold]


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
    values = {name: _values(found, timed.get(name)) for name, found in counted.items()}
    tables = [_count_table(counted), _kind_table(counted)]
    tables += [_time_table(timed)] if timed else []
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
            client = await stack.enter_async_context(serving(peer, model, CONTEXT_TOKENS))
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


def _values(counted: Found, timed: Found | None) -> Values:
    warm = counted.warm
    num_warm = max(1, len(warm))
    values = {
        "keys": len(warm),
        "tokens_prompt": {"mean": _rounded(summarise([one.tokens_prompt for one in warm]).mean)},
        "tokens_computed": _summary_values(summarise([one.tokens_computed for one in warm])),
        "tokens_idle": {"mean": _rounded(_sum_idle(counted) / num_warm)},
        "shifts_per_100": _rounded(100 * sum(one.num_shifts for one in warm) / num_warm),
        "tokens_computed_by_key": {
            kind.name.lower(): _summary_values(
                summarise([one.tokens_computed for one in counted.costs([kind])])
            )
            for kind in KeyKind
            if counted.costs([kind])
        },
    }
    if timed is None:
        return values
    return {
        **values,
        "ms_to_first_token": _summary_values(summarise([one.ms_first for one in timed.warm])),
        "ms_to_first_token_cold": _summary_values(summarise([one.ms_first for one in timed.cold])),
        "ms_per_generated_token": _summary_values(summarise(_ms_per_token(timed.warm))),
    }


def _sum_idle(found: Found) -> int:
    """Return the tokens of all pauses, those before a cold prompt included."""
    return sum(one.cost.tokens_idle for one in found.asked)


def _ms_per_token(costs: Iterable[KeyCost]) -> list[float]:
    """Return milliseconds per token behind the first one, of each answer that has any."""
    return [one.ms_decode / (one.tokens_generated - 1) for one in costs if one.tokens_generated > 1]


def _summary_values(summary: Summary) -> Values:
    return {
        "n": summary.num_values,
        "mean": _rounded(summary.mean),
        "p50": _rounded(summary.p50),
        "p95": _rounded(summary.p95),
    }


def _rounded(value: float) -> float:
    return round(value, 3)


def _count_table(found: dict[str, Found]) -> Table:
    table = Table(title="Tokens per warm key, every key asking", title_justify="left")
    table.add_column("")
    for column in ("keys", "prompt", "computed", "p95", "in pauses", "together", "shifts per 100"):
        table.add_column(column, justify="right")
    for name, one in found.items():
        values = _values(one, None)
        computed, idle = values["tokens_computed"], values["tokens_idle"]["mean"]
        table.add_row(
            name,
            str(values["keys"]),
            f"{values['tokens_prompt']['mean']:.0f}",
            f"{computed['mean']:.2f}",
            f"{computed['p95']:.0f}",
            f"{idle:.2f}",
            f"{computed['mean'] + idle:.2f}",
            f"{values['shifts_per_100']:.2f}",
        )
    return table


def _kind_table(found: dict[str, Found]) -> Table:
    table = Table(title="Computed tokens by key: mean, highest", title_justify="left")
    table.add_column("")
    for name in found:
        table.add_column(name, justify="right")
    table.add_column("keys", justify="right")
    for kind in KeyKind:
        costs = {name: one.costs([kind]) for name, one in found.items()}
        if not any(costs.values()):
            continue
        cells = [
            f"{summarise([cost.tokens_computed for cost in some]).mean:.2f}, "
            f"{max(cost.tokens_computed for cost in some)}"
            for some in costs.values()
        ]
        table.add_row(kind.value, *cells, str(len(next(iter(costs.values())))))
    return table


def _time_table(found: dict[str, Found]) -> Table:
    table = Table(title=f"Milliseconds on {_description(TIMED_MODEL)}", title_justify="left")
    table.add_column("")
    columns = ("warm keys", "first token p50", "p95", "cold prompt", "per token after it, p50")
    for column in columns:
        table.add_column(column, justify="right")
    for name, one in found.items():
        first = summarise([cost.ms_first for cost in one.warm])
        cold = summarise([cost.ms_first for cost in one.cold])
        table.add_row(
            *(name, str(first.num_values), f"{first.p50:,.0f}", f"{first.p95:,.0f}"),
            *(f"{cold.mean:,.0f}", f"{summarise(_ms_per_token(one.warm)).p50:,.0f}"),
        )
    return table


def _description(model: tuple[str, Quantisation]) -> str:
    name, quantisation = model
    return f"random weights of {name}'s shape in {quantisation.name}"


KEYSTROKES = Benchmark(
    name="keystrokes",
    summary="Tokens and milliseconds per key while a person types in real files.",
    add_options=add_options,
    run=run,
)

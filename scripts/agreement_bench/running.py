"""All places, in several processes, each with models of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed

from lsp_server.engine.native_environment import native_environment
from scripts.agreement_bench.measuring import PlaceMeter, PlaceResult, Plan, Way
from scripts.agreement_bench.places import Place

#: In a small context a prompt of this share of it is long enough.
_LEAST_SHARE_OF_CONTEXT = 0.5
#: Tokens that edits may add to a prompt.
_ROOM_TOKENS = 200

_meter: PlaceMeter | None = None


def choose_places(
    plan: Plan, candidates: Sequence[Place], num_places: int, min_prompt_tokens: int
) -> list[Place]:
    """Return the first places whose prompt is long enough; fewer if there are no more.

    The product fills a share of a small context only, so prompts may be shorter there.  Where the
    text is so dense that edits could make a prompt too long, it would have to be cut in half; such
    places are left out.
    """
    meter = PlaceMeter(plan)
    context_tokens = meter.info.context_tokens
    least = min(min_prompt_tokens, int(_LEAST_SHARE_OF_CONTEXT * context_tokens))
    lengths = range(least, context_tokens - _ROOM_TOKENS)
    chosen: list[Place] = []
    for place in candidates:
        if len(chosen) == num_places:
            break
        if meter.num_prompt_tokens(place) in lengths:
            chosen.append(place)
    return chosen


def measure_all(
    plan: Plan, tasks: Sequence[tuple[Place, frozenset[Way]]], num_processes: int
) -> Iterator[PlaceResult]:
    """Yield the result of each place as it comes.

    Args:
        plan: What is measured.
        tasks: Where, and in which ways.
        num_processes: How many are measured at one time.
    """
    # A process that has loaded the model library must not be forked.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(num_processes, context, _start, (plan,)) as pool:
        running = [pool.submit(_measure, place, ways) for place, ways in tasks]
        try:
            for task in as_completed(running):
                yield task.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _start(plan: Plan) -> None:
    global _meter
    # Whoever started us decides what an interruption means.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ.update(native_environment(os.environ))
    _meter = PlaceMeter(plan)


def _measure(place: Place, ways: frozenset[Way]) -> PlaceResult:
    assert _meter is not None, "the process was started for this"
    return _meter.measure(place, ways)

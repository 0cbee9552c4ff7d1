"""All places, in several processes, each with models of its own."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import signal
from collections.abc import Generator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass

from lsp_server.engine.native_environment import native_environment
from scripts.agreement_bench.measuring import EVERYWHERE, PlaceMeter, PlaceResult, Plan, Way
from scripts.agreement_bench.places import Place

#: In a small context a prompt of this share of it is long enough.
_LEAST_SHARE_OF_CONTEXT = 0.5
#: Tokens that edits may add to a prompt.
_ROOM_TOKENS = 200
#: How many places are chosen for each that is wanted.
_SPARE = 1.5

_meter: PlaceMeter | None = None


@dataclass(frozen=True, slots=True)
class Candidates:
    """Places whose prompts seem to be long enough.

    Attributes:
        tasks: Places and the ways in which each is measured, in order.
        min_prompt_tokens: What is long enough.  A prompt at the end of many edits may be shorter
            than that of somebody who comes new, because windows move in leaps.
    """

    tasks: Sequence[tuple[Place, frozenset[Way]]]
    min_prompt_tokens: int

    def missing(self, results: Mapping[str, PlaceResult]) -> list[tuple[Place, frozenset[Way]]]:
        """Return what is not measured yet."""
        return [
            (place, ways)
            for place, ways in self.tasks
            if place.key not in results or not results[place.key].has(ways)
        ]

    def fitting(self, results: Mapping[str, PlaceResult], num_places: int) -> list[PlaceResult]:
        """Return the first so many complete results whose prompts were long enough."""
        missing = {place.key for place, _ in self.missing(results)}
        found = (results[place.key] for place, _ in self.tasks if place.key not in missing)
        fits = (result for result in found if result.num_prompt >= self.min_prompt_tokens)
        return list(itertools.islice(fits, num_places))


def choose_places(
    plan: Plan,
    candidates: Sequence[Place],
    num_places: int,
    *,
    min_prompt_tokens: int,
    thorough_every: int,
) -> Candidates:
    """Return places whose prompt is long enough, some more than are wanted.

    The product fills a share of a small context only, so prompts may be shorter there.  Where the
    text is so dense that edits could make a prompt too long, it would have to be cut in half; such
    places are left out.

    Args:
        plan: What is measured.
        candidates: Where it could be.
        num_places: How many are wanted.
        min_prompt_tokens: What is long enough.
        thorough_every: Every so many places are measured in all ways.
    """
    meter = PlaceMeter(plan)
    context_tokens = meter.info.context_tokens
    least = min(min_prompt_tokens, int(_LEAST_SHARE_OF_CONTEXT * context_tokens))
    lengths = range(least, context_tokens - _ROOM_TOKENS)
    fits = (place for place in candidates if meter.num_prompt_tokens(place) in lengths)
    chosen = itertools.islice(fits, math.ceil(_SPARE * num_places))
    tasks = [
        (place, frozenset(Way) if index % thorough_every == 0 else EVERYWHERE)
        for index, place in enumerate(chosen)
    ]
    return Candidates(tasks, least)


def measure_all(
    plan: Plan, tasks: Sequence[tuple[Place, frozenset[Way]]], num_processes: int
) -> Generator[PlaceResult, None, None]:
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

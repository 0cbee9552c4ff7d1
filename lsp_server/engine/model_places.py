"""Which models may be loaded side by side, and when one gives way to another that waits.

Models that fit the limit together stay.  Where they do not, the one that is there keeps its
place as long as it is in use, so that two windows that take turns do not load a model at every
request; and the one that waits has its turn after a bounded time:

- when the other was *quiet*: nobody has asked it for `quiet_s`;
- when the other has *had its share*: it has answered for `share_s` while somebody waited.  Then
  new requests for it wait, and it goes when the last running one has ended.

Neither comes before a model was there for as long as it took to load, so at least half of the
time goes to answers, however slow the disk is.

Pure: knows no clock, no thread and no model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceRules:
    """What may be loaded at once.

    Attributes:
        max_models: Models that may be loaded at once.
        max_bytes: Memory that they may take together, or no limit; a single one may take more.
        quiet_s: Seconds without a request after which a model gives way to one that waits.
        share_s: Seconds after which it gives way to one that waits though it is in use.
    """

    max_models: int = 4
    max_bytes: int | None = None
    quiet_s: float = 5.0
    share_s: float = 60.0


@dataclass(frozen=True, slots=True)
class Resident:
    """A model that has a place.

    Attributes:
        model: Its name.
        num_bytes: Memory that it takes; not known before it is loaded.
        num_users: Requests that hold it.
        load_s: Seconds that loading it took.
        ready_s: When it was loaded, in seconds of some clock; `None` while it is being loaded.
        idle_since_s: When the last request let go of it.
        is_leaving: Whether it is being unloaded.
    """

    model: str
    num_bytes: int
    num_users: int
    load_s: float
    ready_s: float | None
    idle_since_s: float
    is_leaving: bool = False


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A model that is wanted and not loaded.

    Attributes:
        model: Its name.
        num_bytes: Memory that it will take.
        waiting_since_s: When somebody began to wait for it.
    """

    model: str
    num_bytes: int
    waiting_since_s: float


def fits(
    newcomer: Newcomer,
    residents: Sequence[Resident],
    rules: PlaceRules,
    available_bytes: int | None,
) -> bool:
    """Return whether a model may be loaded beside others.

    Args:
        newcomer: The model.
        residents: Those that are there.  One that is being loaded or unloaded takes an amount
            that is not known, so nothing fits beside it yet.
        rules: The limits.
        available_bytes: Memory that the machine has left; `None` if that is not known.
    """
    if not residents:
        return True
    if len(residents) >= rules.max_models or any(_is_moving(one) for one in residents):
        return False
    if available_bytes is not None and newcomer.num_bytes > available_bytes:
        return False
    taken = sum(one.num_bytes for one in residents)
    return rules.max_bytes is None or taken + newcomer.num_bytes <= rules.max_bytes


def has_had_share(
    resident: Resident, waiting_since_s: float, now_s: float, rules: PlaceRules
) -> bool:
    """Return whether a model takes no new requests while another one waits."""
    if resident.ready_s is None or resident.is_leaving:
        return False
    since_s = max(resident.ready_s, waiting_since_s)
    return now_s - since_s >= max(rules.share_s, resident.load_s)


def may_leave(resident: Resident, waiting_since_s: float, now_s: float, rules: PlaceRules) -> bool:
    """Return whether a model gives way now to one that waits."""
    if resident.ready_s is None or resident.is_leaving or resident.num_users > 0:
        return False
    quiet_since_s = max(resident.idle_since_s, resident.ready_s)
    is_quiet = now_s - quiet_since_s >= max(rules.quiet_s, resident.load_s)
    return is_quiet or has_had_share(resident, waiting_since_s, now_s, rules)


def choose_leaving(
    newcomer: Newcomer,
    residents: Sequence[Resident],
    now_s: float,
    rules: PlaceRules,
    available_bytes: int | None,
) -> tuple[str, ...]:
    """Return the models to unload now so that another one fits; none if that is not possible yet.

    The least recently used go first, and no more than need be.
    """
    if any(one.is_leaving for one in residents):
        return ()
    candidates = sorted(
        (one for one in residents if may_leave(one, newcomer.waiting_since_s, now_s, rules)),
        key=lambda one: one.idle_since_s,
    )
    staying = list(residents)
    for count, candidate in enumerate(candidates, start=1):
        staying.remove(candidate)
        if available_bytes is not None:
            available_bytes += candidate.num_bytes
        if fits(newcomer, staying, rules, available_bytes):
            return tuple(one.model for one in candidates[:count])
    return ()


def _is_moving(resident: Resident) -> bool:
    return resident.ready_s is None or resident.is_leaving

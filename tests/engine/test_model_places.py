from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lsp_server.engine.model_places import (
    Newcomer,
    PlaceRules,
    Resident,
    choose_leaving,
    fits,
    has_had_share,
    may_leave,
)

RULES = PlaceRules(max_models=3, max_bytes=10, quiet_s=5.0, share_s=60.0)
NEW = Newcomer("new", num_bytes=4, waiting_since_s=100.0)


def resident(model: str = "old", **fields: Any) -> Resident:
    """Return a model that was loaded long ago and has been idle since second 90."""
    values: dict[str, Any] = {
        "num_bytes": 6,
        "num_users": 0,
        "load_s": 1.0,
        "ready_s": 10.0,
        "idle_since_s": 90.0,
        **fields,
    }
    return Resident(model, **values)


@dataclass
class Leaving:
    """One case for `choose_leaving`."""

    residents: list[Resident]
    now_s: float = 100.0
    available_bytes: int | None = None
    newcomer: Newcomer = field(default=NEW)

    def chosen(self, rules: PlaceRules = RULES) -> tuple[str, ...]:
        return choose_leaving(
            self.newcomer, self.residents, self.now_s, rules, self.available_bytes
        )


def test_models_within_the_limit_are_loaded_side_by_side() -> None:
    assert fits(NEW, [resident(num_bytes=6)], RULES, None)
    assert not fits(NEW, [resident(num_bytes=7)], RULES, None)


def test_a_model_beyond_the_limit_is_loaded_alone() -> None:
    large = dataclasses.replace(NEW, num_bytes=11)
    assert fits(large, [], RULES, 1)
    assert not fits(large, [resident(num_bytes=0)], RULES, None)


def test_the_number_of_models_is_limited() -> None:
    three = [resident(name, num_bytes=0) for name in "abc"]
    assert not fits(NEW, three, RULES, None)
    assert fits(NEW, three[:2], RULES, None)


def test_memory_that_other_programs_took_is_not_there() -> None:
    assert not fits(NEW, [resident(num_bytes=1)], RULES, available_bytes=3)
    assert fits(NEW, [resident(num_bytes=1)], RULES, available_bytes=4)


def test_nothing_is_loaded_beside_a_model_whose_size_is_not_known_yet() -> None:
    assert not fits(NEW, [resident(num_bytes=0, ready_s=None)], RULES, None)
    assert not fits(NEW, [resident(num_bytes=0, is_leaving=True)], RULES, None)


@pytest.mark.parametrize(
    ("fields", "now_s", "expected"),
    [
        ({"idle_since_s": 95.0}, 99.9, False),
        ({"idle_since_s": 95.0}, 100.0, True),
        ({"idle_since_s": 95.0, "load_s": 20.0}, 114.9, False),
        ({"idle_since_s": 95.0, "load_s": 20.0}, 115.0, True),
        # Nobody can have asked it before it was there.
        ({"idle_since_s": 50.0, "ready_s": 97.0}, 100.0, False),
        ({"idle_since_s": 50.0, "ready_s": None}, 500.0, False),
        ({"idle_since_s": 50.0, "is_leaving": True}, 500.0, False),
        # In use all the time.
        ({"idle_since_s": 159.0}, 159.9, False),
        ({"idle_since_s": 159.9}, 160.0, True),
        ({"idle_since_s": 159.9, "num_users": 1}, 160.0, False),
    ],
)
def test_a_model_gives_way_when_it_was_quiet_or_had_its_share(
    fields: dict[str, Any], now_s: float, expected: bool
) -> None:
    assert may_leave(resident(**fields), 100.0, now_s, RULES) is expected


def test_a_share_begins_when_somebody_waits_and_the_model_is_there() -> None:
    assert not has_had_share(resident(), 100.0, 159.9, RULES)
    assert has_had_share(resident(), 100.0, 160.0, RULES)
    assert not has_had_share(resident(ready_s=110.0), 100.0, 169.9, RULES)
    assert has_had_share(resident(ready_s=110.0), 100.0, 170.0, RULES)
    assert not has_had_share(resident(load_s=90.0), 100.0, 189.9, RULES)


def test_the_least_recently_used_go_first_and_no_more_than_need_be() -> None:
    old = resident("old", num_bytes=3, idle_since_s=10.0)
    older = resident("older", num_bytes=3, idle_since_s=5.0)
    oldest = resident("oldest", num_bytes=3, idle_since_s=1.0)
    assert Leaving([old, oldest, older]).chosen() == ("oldest",)
    wide = dataclasses.replace(NEW, num_bytes=7)
    assert Leaving([old, oldest, older], newcomer=wide).chosen() == ("oldest", "older")


def test_nobody_leaves_in_vain() -> None:
    busy = resident("busy", num_bytes=8, num_users=1)
    idle = resident("idle", num_bytes=2)
    assert Leaving([busy, idle]).chosen() == ()


def test_nobody_leaves_while_another_one_is_leaving() -> None:
    going = resident("going", is_leaving=True)
    assert Leaving([going, resident("idle")]).chosen() == ()


def test_memory_of_those_that_leave_counts() -> None:
    assert Leaving([resident(num_bytes=3)], available_bytes=0).chosen() == ("old",)
    assert Leaving(
        [resident("a", num_bytes=1), resident("b", num_bytes=1)], available_bytes=3
    ).chosen() == ("a",)


# Two windows that use two models, on a clock of their own.

SECONDS = st.floats(0.0, 40.0)


@dataclass
class Place:
    """One place for two models, each asked in turn; requests take no time, loading does."""

    load_s: float
    rules: PlaceRules
    model: str = "a"
    ready_s: float = 0.0
    idle_since_s: float = 0.0
    waits_since_s: float | None = None
    longest_wait_s: float = 0.0
    num_switches: int = 0

    def look(self, now_s: float) -> None:
        """Let the one that waits in, if the other gives way."""
        if self.waits_since_s is None or now_s < self.ready_s:
            return
        there = Resident(self.model, 6, 0, self.load_s, self.ready_s, min(self.idle_since_s, now_s))
        newcomer = Newcomer("other", 6, self.waits_since_s)
        if choose_leaving(newcomer, [there], now_s, self.rules, None):
            self.longest_wait_s = max(self.longest_wait_s, now_s - self.waits_since_s)
            self.model = "b" if self.model == "a" else "a"
            self.ready_s = now_s + self.load_s
            self.idle_since_s = self.ready_s
            self.waits_since_s = None
            self.num_switches += 1

    def ask(self, model: str, now_s: float) -> None:
        there = Resident(self.model, 6, 0, self.load_s, self.ready_s, self.idle_since_s)
        is_closed = self.waits_since_s is not None and has_had_share(
            there, self.waits_since_s, now_s, self.rules
        )
        if model == self.model and not is_closed:
            self.idle_since_s = max(now_s, self.ready_s)
        elif model != self.model and self.waits_since_s is None:
            self.waits_since_s = now_s
        self.look(now_s)


@settings(max_examples=300, deadline=None)
@given(
    asks=st.lists(st.tuples(st.sampled_from("ab"), SECONDS), max_size=60),
    load_s=st.floats(0.0, 100.0),
    quiet_s=st.floats(0.5, 20.0),
    share_s=st.floats(1.0, 60.0),
)
def test_two_models_in_turn_neither_starve_nor_load_at_every_request(
    asks: list[tuple[str, float]], load_s: float, quiet_s: float, share_s: float
) -> None:
    place = Place(load_s, PlaceRules(4, 10, quiet_s, share_s))
    now_s = 0.0
    for model, pause_s in asks:
        for step in range(8):
            place.look(now_s + pause_s * step / 8)
        now_s += pause_s
        place.ask(model, now_s)
    for step in range(1_000):
        place.look(now_s + step)
    turn_s = max(share_s, load_s)
    assert place.waits_since_s is None, "whoever waits is served"
    # Until the other one is there, its turn, and at most one look too late.
    assert place.longest_wait_s <= load_s + turn_s + 40.0 / 8 + 1.0
    total_s = now_s + 1_000
    least_stay_s = load_s + max(min(quiet_s, share_s), load_s)
    assert place.num_switches <= total_s / least_stay_s + 1

"""One place through all ways of keeping cells.

    change      1   2   3   4   5   6   7   8   9  10
    asks    ·   ·   ·   ·   ·   ·   ·   ·   ·   ·   ·   ?      ? the hidden line
    pauses  ‸           ‸                   ‸           ‸

Every change asks, and on the way to another spot, the place itself included, the person pauses,
and the engine computes again what is stale.  Afterwards nothing is stale, whatever came before: so
only what follows the last pause but one is replayed, and the answer is the same after ten changes
and after a hundred.

- *rested*: the cursor rests at the place for a moment before the line is asked for, as a
  person's does who has gone there to write; the editor says so, and the engine prepares the place.
- *jumped*: the line is asked for in the moment in which the cursor comes to the place.
- *hurried*: every change asks, there is no pause at all, and the question follows at once.
- *exact*: `engine.max_stale_edits` is 0.
- *recomputed*: everything is computed, in shorter steps.  What differs is rounding alone, which
  says how firmly the model prefers its answers.

Each answer is compared with a full recompute of the same prompt: the rested one with one whose
prompt was computed before it was asked for, too, the exact one with one in steps of its own size,
with which it is the same bit by bit.
"""

from __future__ import annotations

import enum
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lsp_server.engine.api import GenerateRequest
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.loader import make_loader
from lsp_server.engine.splice import common_prefix_length
from lsp_server.settings.schema import EngineSettings
from scripts.agreement_bench.asking import LONG_STEPS, SHORT_STEPS, Asker, Questioner, Told
from scripts.agreement_bench.distance import divergence_nats, margin_logits
from scripts.agreement_bench.edits import Moment
from scripts.agreement_bench.places import Place

#: Changes that the exact way replays before a question.
_NUM_EXACT_CHANGES = 2


class Way(enum.Enum):
    """How cells are kept, and when the line is asked for."""

    RESTED = "rested"
    JUMPED = "jumped"
    HURRIED = "hurried"
    EXACT = "exact"
    RECOMPUTED = "recomputed"


#: What is taken at every place; the other ways are for some of them.
EVERYWHERE = frozenset({Way.RESTED})


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """One question, asked in one way and by a full recompute.

    Attributes:
        way: A value of `Way`.
        num_edits: Changes before it.
        line: First line of the answer.
        fresh_line: The one of the full recompute.
        num_prompt: Tokens of the prompt.
        num_computed: Those that were evaluated for the question.
        num_carried: See `Told.num_carried`.
        num_inexact: See `Told.num_inexact`.
        mean_age: See `Told.mean_age`.
        num_compared: Tokens of both answers up to where they part, and of the whole answer if
            they do not.
        divergence: How far the probabilities of the answer's first token are from a full
            recompute's, in nats (Kullback-Leibler).
        margin: By how much the full recompute preferred its first token to the next best one, in
            logits.
        gap: Where the lines differ: by how much the full recompute preferred its token to the
            other one where they part, in logits.
    """

    way: str
    num_edits: int
    line: str
    fresh_line: str
    num_prompt: int
    num_computed: int
    num_carried: int
    num_inexact: int
    mean_age: float
    num_compared: int
    divergence: float
    margin: float
    gap: float | None = None

    @property
    def agrees(self) -> bool:
        """Whether both lines are the same."""
        return self.line == self.fresh_line


class PlaceResult(msgspec.Struct, frozen=True, kw_only=True):
    """All answers at one place.

    Attributes:
        key: Names the place.
        expected: The hidden line.
        num_idle: Tokens that were computed in the pause on the way to the place.
        computed_per_edit: Mean prompt tokens that were evaluated per change in the hurried way,
            in the longest row of changes; `None` where it was not taken.
        answers: Each question in each way.
    """

    key: str
    expected: str
    num_idle: int
    computed_per_edit: float | None
    answers: tuple[Answered, ...]

    @property
    def num_prompt(self) -> int:
        """Tokens of the question's prompt."""
        return self.answers[0].num_prompt

    def has(self, ways: frozenset[Way]) -> bool:
        """Return whether it was measured in these ways."""
        return {way.value for way in ways} <= {answered.way for answered in self.answers}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured at each place.

    Attributes:
        model: The model's name or file.
        max_stale_edits: As the setting.
        checkpoints: After so many changes the hidden line is asked for; ascending.
        seed: Decides the edits.
    """

    model: str
    max_stale_edits: int
    checkpoints: tuple[int, ...]
    seed: int


@dataclass(frozen=True, slots=True)
class _Script:
    """What is asked at one place: at each moment, while the cursor rests, and for the line.

    The moment at index `n` is the one after `n` changes.
    """

    moments: Sequence[Moment]
    asks: Sequence[GenerateRequest]
    rest: GenerateRequest
    question: GenerateRequest

    def last(self, num_edits: int) -> Sequence[GenerateRequest]:
        """Return what is asked before so many changes, and after each of them."""
        return self.asks[-1 - num_edits :]

    @property
    def num_at_last_spot(self) -> int:
        """How many changes there were at the last spot: since the last pause but one."""
        numbers = range(1, len(self.moments))
        return next((n for n in numbers if self.moments[-n].has_pause_before), len(numbers))


class PlaceMeter:
    """Measures places, with a cache of its own for each way."""

    def __init__(self, plan: Plan) -> None:
        """Load the model, once per cache.

        Raises:
            BantamError: It cannot be loaded.
        """
        self._plan = plan
        load = make_loader(EngineSettings(threads=1))
        loaded = [load(plan.model, lambda _fraction: True) for _ in range(3)]
        self.info = loaded[0].info
        self._kept = Asker(loaded[0], KeepPolicy(max_age=plan.max_stale_edits), LONG_STEPS)
        self._fresh = Asker(loaded[1], KeepPolicy(max_age=0), LONG_STEPS)
        self._exact = Asker(loaded[2], KeepPolicy(max_age=0), SHORT_STEPS)

    def num_prompt_tokens(self, place: Place) -> int:
        """Return the tokens of a place's prompt, asked of who has not seen the document."""
        moment = Moment(place.text, place.cursor, place.cursor)
        return len(self._fresh.prompt(self._questioner(place).request(moment, is_question=True)))

    def measure(self, place: Place, ways: frozenset[Way]) -> PlaceResult:
        """Measure one place in some ways.

        Raises:
            EngineError: A request was refused.
        """
        is_thorough = Way.HURRIED in ways
        # Where nobody hurries, what came before the last pause but one makes no difference.
        script = self._script(place, self._plan.checkpoints[-1 if is_thorough else 0])
        num_idle, rested = self._tell_rested(script)
        prepared = self._recompute_prepared(script)
        answers = self._at_any_number_of_edits(Way.RESTED, rested, prepared)
        computed_per_edit = None
        if is_thorough:
            computed_per_edit, others = self._measure_thoroughly(script)
            answers += others
        return PlaceResult(
            key=place.key,
            expected=place.expected,
            num_idle=num_idle,
            computed_per_edit=computed_per_edit,
            answers=tuple(answers),
        )

    def _measure_thoroughly(self, script: _Script) -> tuple[float, list[Answered]]:
        """Return the tokens computed per change in the hurried way, and all but rested answers."""
        fresh = self._recompute(self._fresh, script)
        answers = self._at_any_number_of_edits(Way.JUMPED, self._tell_jumped(script), fresh)
        computed: list[int] = []
        for number in self._plan.checkpoints:
            computed, hurried = self._tell_hurried(script, number)
            answers.append(self._answered(Way.HURRIED, number, hurried, fresh))
        recomputed = self._recompute(self._exact, script)
        answers += self._at_any_number_of_edits(Way.RECOMPUTED, recomputed, fresh)
        exact = self._tell_exact(script)
        answers += self._at_any_number_of_edits(Way.EXACT, exact, recomputed)
        return round(statistics.fmean(computed), 3), answers

    def _questioner(self, place: Place) -> Questioner:
        path = f"{place.project}/{place.path}"
        return Questioner(self.info, f"file:///{path}", path, self._fresh.does_fit)

    def _script(self, place: Place, num_edits: int) -> _Script:
        questioner = self._questioner(place)
        moments = place.last_changes(num_edits, self._plan.seed)
        asks = [questioner.request(moment, is_question=False) for moment in moments]
        rest = questioner.rest(moments[-1])
        return _Script(moments, asks, rest, questioner.request(moments[-1], is_question=True))

    def _recompute(self, asker: Asker, script: _Script) -> Told:
        asker.forget()
        return asker.ask(script.question)

    def _tell_hurried(self, script: _Script, num_edits: int) -> tuple[list[int], Told]:
        """Ask everything; returns the tokens computed for each change, and the answer."""
        self._kept.forget()
        _, *computed = [self._kept.ask(ask).num_computed for ask in script.last(num_edits)]
        return computed, self._kept.ask(script.question)

    def _recompute_prepared(self, script: _Script) -> Told:
        """Answer with everything computed, of which all but the last token before the question."""
        self._fresh.forget()
        self._fresh.compute(script.rest)
        return self._fresh.ask(script.question)

    def _tell_rested(self, script: _Script) -> tuple[int, Told]:
        """Return the tokens of the pause on the way to the place, and the answer there."""
        num_idle = self._type_at_last_spot(script)
        self._kept.compute(script.rest)
        self._kept.pause()
        return num_idle, self._kept.ask(script.question)

    def _tell_jumped(self, script: _Script) -> Told:
        self._type_at_last_spot(script)
        return self._kept.ask(script.question)

    def _type_at_last_spot(self, script: _Script) -> int:
        """Ask since the last pause but one; return what is computed in the pause that follows."""
        self._kept.forget()
        for ask in script.last(script.num_at_last_spot):
            self._kept.ask(ask)
        return self._kept.pause()

    def _tell_exact(self, script: _Script) -> Told:
        self._exact.forget()
        for ask in script.last(_NUM_EXACT_CHANGES):
            self._exact.ask(ask)
        return self._exact.ask(script.question)

    def _at_any_number_of_edits(self, way: Way, told: Told, fresh: Told) -> list[Answered]:
        """Return what is the same after every number of changes, for each of them."""
        return [self._answered(way, number, told, fresh) for number in self._plan.checkpoints]

    def _answered(self, way: Way, num_edits: int, told: Told, fresh: Told) -> Answered:
        return Answered(
            way=way.value,
            num_edits=num_edits,
            line=told.line,
            fresh_line=fresh.line,
            num_prompt=len(told.prompt),
            num_computed=told.num_computed,
            num_carried=told.num_carried,
            num_inexact=told.num_inexact,
            mean_age=round(told.mean_age, 3),
            num_compared=min(_num_same(told, fresh) + 1, len(fresh.tokens)),
            divergence=divergence_nats(fresh.first_logits, told.first_logits),
            margin=margin_logits(fresh.first_logits),
            gap=None if told.line == fresh.line else self._gap(told, fresh),
        )

    def _gap(self, told: Told, fresh: Told) -> float:
        """Return how much more the full recompute liked its own token where the answers part."""
        num_same = _num_same(told, fresh)
        logits = self._fresh.next_logits(fresh.prompt + fresh.tokens[:num_same])
        return round(float(logits[fresh.tokens[num_same]] - logits[told.tokens[num_same]]), 4)


def _num_same(told: Told, fresh: Told) -> int:
    """Return how many tokens both answers have in common at their beginning."""
    return common_prefix_length(told.tokens, fresh.tokens)


def model_path(model: str) -> Path:
    """Return the file of a model.

    Raises:
        ModelNotFoundError: There is no such model.
    """
    from lsp_server.models.catalogue import find_model

    return find_model(model).path

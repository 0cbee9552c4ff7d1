"""One place through all ways of keeping cells.

    change      1   2   3   4   5   6   7   8   9  10
    asks    ·   ·   ·   ·   ·   ·   ·   ·   ·   ·   ·   ?      ? the hidden line
    pauses  ‸           ‸                   ‸   ‸

- *kept*: every change asks, there is no pause at all, as the product would do it.
- *refreshed*: the engine uses each pause to compute what is stale again; the last pause is before
  the last spot that was edited, so the question comes a few changes and a jump after it.  What a
  pause leaves equals a full recompute, so only what comes after the last one is replayed.
- *exact*: `engine.max_stale_edits` is 0.  Whatever came before, this equals a full recompute but
  for rounding, so only the last changes are replayed, at some places.

Each answer is compared with a full recompute of the same prompt.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from lsp_server.engine.api import GenerateRequest
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.loader import make_loader
from lsp_server.engine.splice import common_prefix_length
from lsp_server.settings.schema import EngineSettings
from scripts.agreement_bench.asking import Asker, Questioner, Told
from scripts.agreement_bench.edits import Moment
from scripts.agreement_bench.places import Place

#: Changes that the exact way replays before a question.
_NUM_EXACT_CHANGES = 2


class Way(enum.Enum):
    """How cells are kept."""

    KEPT = "kept"
    REFRESHED = "refreshed"
    EXACT = "exact"


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
        computed_per_edit: Mean prompt tokens that were evaluated per change in the kept way, in
            the longest row of changes.
        answers: Each question in each way.
    """

    key: str
    expected: str
    computed_per_edit: float
    answers: tuple[Answered, ...]


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
    """What is asked at one place: at each moment, then for the hidden line.

    The moment at index `n` is the one after `n` changes.
    """

    moments: Sequence[Moment]
    asks: Sequence[GenerateRequest]
    question: GenerateRequest

    @property
    def last_pause(self) -> int:
        """How many changes there were before the last pause."""
        numbers = range(len(self.moments) - 1, 0, -1)
        return next((i for i in numbers if self.moments[i].has_pause_before), 1) - 1


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
        self._kept = Asker(loaded[0], KeepPolicy(max_age=plan.max_stale_edits))
        self._exact = Asker(loaded[1], KeepPolicy(max_age=0))
        self._fresh = Asker(loaded[2], KeepPolicy(max_age=0))

    def num_prompt_tokens(self, place: Place) -> int:
        """Return the tokens of a place's prompt, asked of who has not seen the document."""
        moment = Moment(place.text, place.cursor, place.cursor)
        return len(self._fresh.prompt(self._questioner(place).request(moment, is_question=True)))

    def measure(self, place: Place, *, with_exact: bool) -> PlaceResult:
        """Measure one place.

        Args:
            place: The place.
            with_exact: Whether the exact way is taken, too.

        Raises:
            EngineError: A request was refused.
        """
        answers = []
        for num_edits in self._plan.checkpoints:
            script = self._script(place, num_edits)
            computed, kept = self._tell_kept(script)
            ways = {Way.KEPT: kept, Way.REFRESHED: self._tell_refreshed(script)}
            if with_exact:
                ways[Way.EXACT] = self._tell_exact(script)
            self._fresh.forget()
            fresh = self._fresh.ask(script.question)
            answers += [self._answered(way, num_edits, one, fresh) for way, one in ways.items()]
        return PlaceResult(
            key=place.key,
            expected=place.expected,
            computed_per_edit=round(sum(computed) / len(computed), 3),
            answers=tuple(answers),
        )

    def _questioner(self, place: Place) -> Questioner:
        path = f"{place.project}/{place.path}"
        return Questioner(self.info, f"file:///{path}", path, self._fresh.does_fit)

    def _script(self, place: Place, num_edits: int) -> _Script:
        questioner = self._questioner(place)
        moments = place.last_changes(num_edits, self._plan.seed)
        asks = [questioner.request(moment, is_question=False) for moment in moments]
        return _Script(moments, asks, questioner.request(moments[-1], is_question=True))

    def _tell_kept(self, script: _Script) -> tuple[list[int], Told]:
        """Ask everything; returns the tokens computed for each change, and the answer."""
        self._kept.forget()
        _, *computed = [self._kept.ask(ask).num_computed for ask in script.asks]
        return computed, self._kept.ask(script.question)

    def _tell_refreshed(self, script: _Script) -> Told:
        self._kept.forget()
        for ask in script.asks[script.last_pause :]:
            self._kept.ask(ask)
        return self._kept.ask(script.question)

    def _tell_exact(self, script: _Script) -> Told:
        self._exact.forget()
        for ask in script.asks[-1 - _NUM_EXACT_CHANGES :]:
            self._exact.ask(ask)
        return self._exact.ask(script.question)

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

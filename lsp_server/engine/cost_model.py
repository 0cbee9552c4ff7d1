"""From what was measured on a machine to what a model may take there.  Numbers in, budgets out.

Every budget is monotone: where each measurement is lower or equal, no budget is smaller, and
nobody waits longer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from lsp_server.engine.model_info import Budgets
from lsp_server.settings.schema import EngineSettings

#: Tokens of a suggestion of one line, for estimates that people read.
LINE_TOKENS = 12
#: A prompt is never cut below this: with less, a small model guesses.
MIN_PROMPT_TOKENS = 384
#: The shortest suggestion that is worth a look.
MIN_ANSWER_TOKENS = 16
#: Waits after a key, in milliseconds.  Shorter ones save nothing; longer ones are felt.
MIN_DEBOUNCE_MS = 20
MAX_DEBOUNCE_MS = 200
#: The wait is this share of writing a line: then a key that follows at once costs little.
_DEBOUNCE_SHARE = 0.25
#: Chunks grow only as long as a token becomes cheaper by more than this share.
_RATE_TOLERANCE = 0.05
#: Steps may have so many, if the batch holds them: sizes are measured at the start of a prompt,
#: and deep in it fewer are read much slower (docs/engine-facts.md).
_MIN_STEP_TOKENS = 64

_Milliseconds = Annotated[float, Meta(gt=0.0)]
_Sizes = Annotated[dict[int, _Milliseconds], Meta(min_length=1)]


class Measurements(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What steps of one model take on one machine; medians.

    Attributes:
        prefill_ms: Milliseconds of a chunk, by its tokens.
        decode_ms: Milliseconds of a step with one token per sequence, by its sequences.
        shift_ms: What moving cells adds to a step; `None` where cells cannot move.
        save_ms_per_token: Copying a sequence out of the cache; `None` where that is impossible.
        restore_ms_per_token: Bringing it back.
        was_busy: Whether other programs took the processor meanwhile.
    """

    prefill_ms: _Sizes
    decode_ms: _Sizes
    shift_ms: Annotated[float, Meta(ge=0.0)] | None = None
    save_ms_per_token: Annotated[float, Meta(ge=0.0)] | None = None
    restore_ms_per_token: Annotated[float, Meta(ge=0.0)] | None = None
    was_busy: bool = False

    @property
    def step_ms(self) -> Mapping[int, float]:
        """Milliseconds by the tokens of a step, of whichever kind."""
        return {**self.prefill_ms, **self.decode_ms}

    @property
    def token_ms(self) -> float:
        """Milliseconds to write one more token."""
        return self.decode_ms[min(self.decode_ms)]


@dataclass(frozen=True, slots=True)
class Targets:
    """What people are to wait for, in milliseconds.

    Attributes:
        step_ms: A step of the model.
        first_ms: Reading a prompt of which nothing is in the KV cache.
        answer_ms: Writing a suggestion.
    """

    step_ms: float
    first_ms: float
    answer_ms: float

    @classmethod
    def of(cls, settings: EngineSettings) -> Targets:
        """Return the targets that the settings give."""
        return cls(settings.target_step_ms, settings.target_first_ms, settings.target_answer_ms)


def step_tokens(measured: Measurements, max_batch_tokens: int) -> int:
    """Return how many tokens a step should have at most: more would not read faster.

    How many fit into the target time is decided step by step, as costs change.
    """
    sizes = measured.prefill_ms
    enough = (1.0 + _RATE_TOLERANCE) * min(ms / size for size, ms in sizes.items())
    size = min(size for size, ms in sizes.items() if ms / size <= enough)
    return min(max(size, _MIN_STEP_TOKENS), max_batch_tokens)


def prefill_ms_per_token(measured: Measurements, target_step_ms: float) -> float:
    """Return what reading one token of a long prompt takes.

    A prompt that somebody waits for is read in steps within the target, or of
    `_MIN_STEP_TOKENS` where those take longer.
    """
    smallest = min(measured.prefill_ms)
    return min(
        ms / size
        for size, ms in measured.prefill_ms.items()
        if ms <= target_step_ms or size <= max(smallest, _MIN_STEP_TOKENS)
    )


def first_ms(measured: Measurements, num_tokens: int, target_step_ms: float) -> float:
    """Return what it takes from a cold prompt of so many tokens to a suggestion of one line."""
    return num_tokens * prefill_ms_per_token(measured, target_step_ms) + line_ms(measured)


def line_ms(measured: Measurements) -> float:
    """Return what a suggestion of one line takes when its prompt is warm."""
    return LINE_TOKENS * measured.token_ms


def budgets_from(measured: Measurements, targets: Targets) -> Budgets:
    """Return what clients should ask for.

    The prompt's budget is about cold prompts: a warm one costs the same, however long it is, so
    nothing is cut where the first one comes in time.
    """
    prompt = targets.first_ms / prefill_ms_per_token(measured, targets.step_ms)
    answer = targets.answer_ms / measured.token_ms
    debounce_ms = _DEBOUNCE_SHARE * line_ms(measured)
    return Budgets(
        prompt_tokens=max(int(prompt), MIN_PROMPT_TOKENS),
        answer_tokens=max(int(answer), MIN_ANSWER_TOKENS),
        debounce_ms=round(min(max(debounce_ms, MIN_DEBOUNCE_MS), MAX_DEBOUNCE_MS)),
    )

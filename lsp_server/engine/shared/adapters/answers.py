"""From the stream of events to the answers of other protocols, piece by piece."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from lsp_server.engine.api import (
    Cost,
    EndEvent,
    EndReason,
    Engine,
    GenerateRequest,
    PromptEvent,
    TextEvent,
    TokenText,
)
from lsp_server.engine.error_reports import error_of
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.errors import EngineError


@dataclass(slots=True)
class AnswerText:
    """One alternative as far as it is there.

    Attributes:
        tokens: Its text, token by token.
        reason: Why it ended, once it has.
    """

    tokens: list[TokenText] = field(default_factory=list)
    reason: EndReason | None = None

    @property
    def text(self) -> str:
        """Its text."""
        return "".join(token.text for token in self.tokens)


@dataclass(slots=True)
class Answers:
    """All alternatives of a request, and what it cost.

    Attributes:
        alternatives: In order.
        cost: What is known of it.
    """

    alternatives: list[AnswerText]
    cost: Cost = field(default_factory=Cost)

    @property
    def prompt_tokens(self) -> int:
        """Tokens of the prompt."""
        return self.cached_tokens + self.cost.tokens_computed

    @property
    def cached_tokens(self) -> int:
        """Tokens of the prompt that need not be computed."""
        return self.cost.tokens_reused + self.cost.tokens_shifted


#: Looks at the answers after each piece; the text of the first ends where it returns a length.
CutShort = Callable[[Answers], int | None]


async def pieces(
    engine: Engine,
    request: GenerateRequest,
    stop: StopSwitch,
    answers: Answers,
    cut_short: CutShort = lambda _: None,
) -> AsyncGenerator[tuple[int, tuple[TokenText, ...]], None]:
    """Yield what is added to which alternative, while `answers` is filled.

    The first piece may be empty: the prompt is computed, so nothing is refused any more.

    Raises:
        BantamError: The request came to nothing, or the engine was stopped.
    """
    first_s: float | None = None
    async with stop.guard(), aclosing(engine.generate(request)) as events:
        async for event in events:
            match event:
                case PromptEvent(cost=cost):
                    answers.cost = cost
                    yield 0, ()
                case TextEvent(alternative=index, tokens=tokens):
                    answer = answers.alternatives[index]
                    answer.tokens.extend(tokens)
                    now_s = time.monotonic()
                    first_s = now_s if first_s is None else first_s
                    answers.cost = _counted(answers, (now_s - first_s) * 1_000.0)
                    length = cut_short(answers)
                    if length is None:
                        yield index, tokens
                        continue
                    answer.reason = EndReason.TIME
                    yield index, _cut(answer, length, tokens)
                    return
                case EndEvent():
                    _take_end(event, answers)
                    return
    raise EngineError("the engine ended this request without saying why; its log may say more")


async def complete(
    engine: Engine, request: GenerateRequest, stop: StopSwitch, cut_short: CutShort
) -> Answers:
    """Return the whole answers of a request.

    Raises:
        BantamError: The request came to nothing, or the engine was stopped.
    """
    answers = empty_answers(request)
    async with aclosing(pieces(engine, request, stop, answers, cut_short)) as stream:
        async for _ in stream:
            pass
    return answers


def empty_answers(request: GenerateRequest) -> Answers:
    """Return the answers of a request that has not begun."""
    return Answers([AnswerText() for _ in range(request.num_alternatives)])


def _take_end(event: EndEvent, answers: Answers) -> None:
    if event.error is not None:
        raise error_of(event.error)
    answers.cost = event.cost
    for answer, reason in zip(answers.alternatives, event.reasons, strict=False):
        answer.reason = reason


def _counted(answers: Answers, ms_decode: float) -> Cost:
    """Return the cost of what is there; one that is cut short has no end event that says it."""
    num_tokens = sum(len(answer.tokens) for answer in answers.alternatives)
    return msgspec.structs.replace(answers.cost, tokens_generated=num_tokens, ms_decode=ms_decode)


def _cut(answer: AnswerText, length: int, added: tuple[TokenText, ...]) -> tuple[TokenText, ...]:
    """Shorten an answer to so many characters; return what is left of what was just added."""
    sent = len(answer.text) - sum(len(token.text) for token in added)
    answer.tokens = _first_chars(answer.tokens, length)
    return tuple(_first_chars(list(added), max(length - sent, 0)))


def _first_chars(tokens: list[TokenText], length: int) -> list[TokenText]:
    kept = []
    for token in tokens:
        if length <= 0:
            break
        kept.append(msgspec.structs.replace(token, text=token.text[:length]))
        length -= len(token.text)
    return kept

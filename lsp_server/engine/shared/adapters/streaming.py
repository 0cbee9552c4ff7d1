"""Send an answer, whole or as server-sent events (section 9.2 of the HTML standard)."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Protocol

import msgspec
from aiohttp import web

from lsp_server.engine.api import Engine, ErrorReport, GenerateRequest, TokenText
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.shared.adapters.answers import (
    Answers,
    CutShort,
    complete,
    empty_answers,
    pieces,
)
from lsp_server.engine.shared.adapters.errors import openai_error
from lsp_server.engine.shared.http_errors import INTERNAL_REPORT, json_response, status_of
from lsp_server.engine.shared.line_writer import LineWriter
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.errors import BantamError

LOGGER = logging.getLogger(__name__)

_EVENTS_TYPE = "text/event-stream"


class AnswerFormat(Protocol):
    """How one endpoint writes its answers; every chunk becomes one event."""

    last_event: bytes

    def whole(self, answers: Answers) -> dict[str, Any]:
        """Return the answer."""
        ...

    def opening(self, num_alternatives: int) -> Iterable[dict[str, Any]]:
        """Yield the chunks that come before any text."""
        ...

    def piece(self, index: int, tokens: Sequence[TokenText]) -> dict[str, Any]:
        """Return the chunk that adds some tokens to an alternative."""
        ...

    def closing(self, answers: Answers) -> Iterable[dict[str, Any]]:
        """Yield the chunks after the last text."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One request on its way to an answer.

    Attributes:
        request: What the engine is asked.
        answer_format: How the answer is written.
        cut_short: What ends the answer early.
    """

    request: GenerateRequest
    answer_format: AnswerFormat
    cut_short: CutShort


async def answer_whole(engine: Engine, work: Work, stop: StopSwitch) -> web.StreamResponse:
    """Answer when everything is there.

    Raises:
        BantamError: The request came to nothing.
    """
    answers = await complete(engine, work.request, stop, work.cut_short)
    return json_response(work.answer_format.whole(answers))


async def answer_in_events(
    engine: Engine, work: Work, stop: StopSwitch, http: web.Request, timeout_s: float
) -> web.StreamResponse:
    """Answer piece by piece, from the moment on when nothing is refused any more.

    Args:
        engine: What answers.
        work: What is answered.
        stop: Ends it.
        http: The request of the client.
        timeout_s: A client that takes nothing for this long is dropped.

    Raises:
        BantamError: The request came to nothing before it began.
        ConnectionError: The client went away.
    """
    sender = _Sender(http, timeout_s, work)
    answers = empty_answers(work.request)
    try:
        stream = pieces(engine, work.request, stop, answers, work.cut_short)
        async with aclosing(stream):
            async for index, tokens in stream:
                await sender.send_piece(index, tokens)
    except BantamError as error:
        if not sender.has_begun:
            raise
        return await sender.fail(report_of(error))
    except ConnectionError:
        raise
    except Exception:
        if not sender.has_begun:
            raise
        LOGGER.exception("request %r failed", work.request.request_id)
        return await sender.fail(INTERNAL_REPORT)
    return await sender.finish(answers)


class _Sender:
    """Sends the events of one answer."""

    def __init__(self, http: web.Request, timeout_s: float, work: Work) -> None:
        self._http = http
        self._timeout_s = timeout_s
        self._work = work
        self._writer: LineWriter | None = None

    @property
    def has_begun(self) -> bool:
        return self._writer is not None

    async def send_piece(self, index: int, tokens: Sequence[TokenText]) -> None:
        writer = await self._begun()
        if tokens:
            await writer.write(_event(self._work.answer_format.piece(index, tokens)))

    async def finish(self, answers: Answers) -> web.StreamResponse:
        writer = await self._begun()
        answer_format = self._work.answer_format
        events = [_event(chunk) for chunk in answer_format.closing(answers)]
        await writer.end(b"".join([*events, answer_format.last_event]))
        return writer.response

    async def fail(self, report: ErrorReport) -> web.StreamResponse:
        writer = await self._begun()
        await writer.end(_event(openai_error(report, status_of(report))))
        return writer.response

    async def _begun(self) -> LineWriter:
        if self._writer is None:
            self._writer = await LineWriter.open(self._http, self._timeout_s, _EVENTS_TYPE)
            for chunk in self._work.answer_format.opening(self._work.request.num_alternatives):
                await self._writer.write(_event(chunk))
        return self._writer


def _event(chunk: dict[str, Any]) -> bytes:
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"

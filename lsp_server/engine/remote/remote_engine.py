"""A remote OpenAI-compatible server as an `Engine`.

What is lost: segments (so no KV cells are kept by run of text, only what the server's own cache
does), priorities, token healing (the typed part of a word goes to the end of the prompt), and
most of the costs.  Drafts are not sent.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import TYPE_CHECKING

import msgspec

from lsp_server.engine.api import (
    PROTOCOL_VERSION,
    CountReply,
    CountRequest,
    EndEvent,
    EndReason,
    Event,
    GenerateRequest,
    StopRules,
)
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.remote.address import Address, parse_address
from lsp_server.engine.remote.bodies import chat_body, completion_body
from lsp_server.engine.remote.conversation import has_turns, talk_of
from lsp_server.engine.remote.exchange import Exchange
from lsp_server.engine.remote.refusals import NoModelListError
from lsp_server.engine.remote.rendering import (
    RemotePrompt,
    special_texts,
    suffix_prompt,
    template_prompt,
)
from lsp_server.engine.remote.stream import Alternative
from lsp_server.engine.status import EngineStatus, LoadedModel
from lsp_server.errors import (
    BadRequestError,
    BantamError,
    CannotChatError,
    ConfigError,
    EngineStoppedError,
    ModelNotFoundError,
)
from lsp_server.models.fim_formats import FIM_FORMATS, FimFormat
from lsp_server.settings.schema import RemoteSettings
from lsp_server.version import __version__

if TYPE_CHECKING:
    from lsp_server.engine.remote.connection import RemoteConnection, ServedModel

#: Source code in the vocabularies of common models has at least so many.
_CHARS_PER_TOKEN = 3.0
_CONTEXT_TOKENS = 4_096
_MAX_LISTED_MODELS = 10
_NO_FORMAT = "remote.fim_format is not set; it is one of " + ", ".join(FIM_FORMATS)
_NO_CHAT = "remote.has_chat is false, which says that it follows no instructions."


class RemoteEngine:
    """Implements `engine.api.Engine` with a server elsewhere.

    The model that requests name is left aside: the settings name the server's.  Belongs to one
    event loop, from its first request.
    """

    def __init__(self, remote: RemoteSettings) -> None:
        """Prepare; nothing is checked, opened or sent before the first request."""
        self._remote = remote
        self._connection: RemoteConnection | None = None
        self._is_closed = False
        self._model: str | None = None
        self._running: dict[int, tuple[GenerateRequest, Exchange]] = {}
        self._started_s = time.monotonic()

    async def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Continue a prompt; see `Engine.generate`."""
        try:
            self._supersede_older(request)
            model = await self._model_name()
            if request.limits.max_tokens == 0:
                # There is nothing to load or warm from here, and no text is sent for it.
                reason = EndReason.LENGTH if request.loads_model else EndReason.CANCELLED
                yield EndEvent(reasons=(reason,) * request.num_alternatives)
                return
            exchange = self._exchange(request, model)
        except BantamError as error:
            yield EndEvent(reasons=(), error=report_of(error))
            return
        self._running[id(exchange)] = (request, exchange)
        try:
            async with aclosing(exchange.events()) as events:
                async for event in events:
                    yield await self._explained(event)
        finally:
            del self._running[id(exchange)]

    async def count(self, request: CountRequest) -> CountReply:
        """Estimate tokens; never too few for source code of common languages."""
        return CountReply(
            counts=tuple(math.ceil(len(text) / _CHARS_PER_TOKEN) for text in request.texts)
        )

    async def describe(self, model: str) -> ModelInfo:
        """Say what the settings and the server tell of the model; see `Engine.describe`."""
        served = await self._served_model()
        fim_format = self._fim_format()
        return ModelInfo(
            model=model,
            description=f"{served.id} at {self._address().host}",
            architecture="remote",
            context_tokens=self._remote.context_tokens or served.max_model_len or _CONTEXT_TOKENS,
            fim_format=None if fim_format is None else fim_format.id,
            fim_reason=_NO_FORMAT if fim_format is None else "remote.fim_format says so",
            chars_per_token=_CHARS_PER_TOKEN,
            has_chat=self._remote.has_chat,
            chat_reason="remote.has_chat says so" if self._remote.has_chat else _NO_CHAT,
        )

    async def status(self) -> EngineStatus:
        """Say what runs; nothing is asked of the server."""
        address = self._address()
        model = LoadedModel(
            model=f"{self._model or self._remote.model or 'the only model'} at {address.host}",
            num_running=len(self._running),
            num_waiting=0,
            cells_used=0,
            cells_total=0,
        )
        return EngineStatus(
            pid=os.getpid(),
            package_version=__version__,
            protocol_version=PROTOCOL_VERSION,
            uptime_s=time.monotonic() - self._started_s,
            models=(model,),
        )

    async def aclose(self) -> None:
        """Close the connections, which cancels what still runs."""
        self._is_closed = True
        if self._connection is not None:
            await self._connection.aclose()

    def _supersede_older(self, request: GenerateRequest) -> None:
        if not request.supersedes:
            return
        for older, exchange in self._running.values():
            is_same = older.document_key == request.document_key
            if is_same and older.priority >= request.priority:
                exchange.supersede()

    def _exchange(self, request: GenerateRequest, model: str) -> Exchange:
        connection = self._connected()
        if has_turns(request.segments):
            if not self._remote.has_chat:
                raise CannotChatError(
                    f"the remote model cannot hold a conversation: {_NO_CHAT} Set it to true for "
                    "an instruct model"
                )
            talk = talk_of(request.segments, request.forced_prefix)
            stops = request.stop
            return Exchange(
                request,
                [Alternative(stops, talk.opening) for _ in range(request.num_alternatives)],
                lambda index: connection.chunks(
                    "/chat/completions", chat_body(request, talk, model, index)
                ),
            )
        prompt = self._prompt(request)
        if not (prompt.text or prompt.suffix):
            raise BadRequestError("nothing is left to send: the prompt is empty")
        fim_format = self._fim_format()
        # A server that does not know these as special tokens writes them out.
        texts = (*request.stop.texts, *(special_texts(fim_format) if fim_format else ()))
        stops = StopRules(texts=texts, max_lines=request.stop.max_lines)
        return Exchange(
            request,
            [Alternative(stops) for _ in range(request.num_alternatives)],
            lambda index: connection.chunks(
                "/completions", completion_body(request, prompt, model, index)
            ),
        )

    def _prompt(self, request: GenerateRequest) -> RemotePrompt:
        fim_format = self._fim_format()
        if self._remote.infill == "suffix" or fim_format is None:
            return suffix_prompt(request.segments, request.forced_prefix, fim_format)
        return template_prompt(request.segments, request.forced_prefix, fim_format)

    def _fim_format(self) -> FimFormat | None:
        name = self._remote.fim_format
        if name and name not in FIM_FORMATS:
            raise ConfigError(
                f"remote.fim_format is {name!r}; it must be one of {', '.join(FIM_FORMATS)}, or "
                "empty for a model that has none"
            )
        return FIM_FORMATS[name] if name else None

    def _address(self) -> Address:
        return parse_address(self._remote.url, allow_plain_http=self._remote.allow_plain_http)

    def _connected(self) -> RemoteConnection:
        if self._is_closed:
            raise EngineStoppedError("the settings changed, or the client was closed, meanwhile")
        if self._connection is None:
            from lsp_server.engine.remote.connection import RemoteConnection

            self._connection = RemoteConnection(self._address(), self._remote)
        return self._connection

    async def _model_name(self) -> str:
        """Return the server's name of the model; asks it only when the settings name none."""
        if self._model is None:
            self._model = self._remote.model or (await self._served_model()).id
        return self._model

    async def _served_model(self) -> ServedModel:
        """Return what the server says of the model that the settings mean.

        Raises:
            ModelNotFoundError: They name none, and the server has not exactly one.
        """
        from lsp_server.engine.remote.connection import ServedModel

        name = self._remote.model
        connection = self._connected()
        try:
            served = await connection.models()
        except NoModelListError:
            if not name:
                raise
            return ServedModel(id=name)
        if name:
            # One that is not listed may be an alias; the server says so when it is none.
            return next((one for one in served if one.id == name), ServedModel(id=name))
        if len(served) != 1:
            raise ModelNotFoundError(
                f"remote.model is empty, and the remote server {self._address().host} has "
                f"{len(served)} models: set it to one of {_listed(served)}"
            )
        return served[0]

    async def _explained(self, event: Event) -> Event:
        """Return the event; one that says that there is no such model names those there are."""
        error = event.error if isinstance(event, EndEvent) else None
        if not isinstance(event, EndEvent) or error is None:
            return event
        if error.kind is not report_of(ModelNotFoundError()).kind:
            return event
        try:
            listed = _listed(await self._connected().models())
        except BantamError:
            # The first error is the one to hear of.
            return event
        message = f"{error.message}; set remote.model to one of {listed}"
        report = report_of(ModelNotFoundError(message))
        return msgspec.structs.replace(event, error=report)


def _listed(served: list[ServedModel]) -> str:
    names = [one.id for one in served[:_MAX_LISTED_MODELS]]
    if len(served) > _MAX_LISTED_MODELS:
        names.append("…")
    return ", ".join(names) or "those that it will have: it has none now"

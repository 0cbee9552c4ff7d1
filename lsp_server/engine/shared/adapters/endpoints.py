"""The endpoints that other tools speak; the one place that lists them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from aiohttp import web

from lsp_server.engine.api import Engine, GenerateRequest
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.adapters.bodies import (
    ChatBody,
    CompletionBody,
    InfillBody,
    SharedBody,
    TokenizeBody,
)
from lsp_server.engine.shared.adapters.fields import decode_fields
from lsp_server.engine.shared.adapters.infill_answers import InfillFormat, cut_short
from lsp_server.engine.shared.adapters.model_names import ModelNames, public_name
from lsp_server.engine.shared.adapters.openai_answers import ChatFormat, CompletionFormat
from lsp_server.engine.shared.adapters.requests import (
    chat_request,
    completion_request,
    infill_request,
)
from lsp_server.engine.shared.adapters.streaming import (
    AnswerFormat,
    Work,
    answer_in_events,
    answer_whole,
)
from lsp_server.engine.shared.adapters.tokenizing import tokenize
from lsp_server.engine.shared.http_bodies import read_body
from lsp_server.engine.shared.http_errors import json_response
from lsp_server.engine.shared.http_limits import RequestLimits
from lsp_server.engine.shared.stop_switch import StopSwitch
from lsp_server.engine.shared.wire import messages

Body = TypeVar("Body", bound=SharedBody)


class OtherTools:
    """Answers tools that know nothing of Bantam."""

    def __init__(
        self,
        engine: Engine,
        names: ModelNames,
        stop: StopSwitch,
        limits: RequestLimits,
        *,
        client_timeout_s: float,
    ) -> None:
        """Take what the handlers need.

        Args:
            engine: What answers; it stays the caller's.
            names: The models that can be asked for.
            stop: Ends all requests.
            limits: How long a prompt may be.
            client_timeout_s: A client that sends or takes nothing for this long is dropped.
        """
        self._engine = engine
        self._names = names
        self._stop = stop
        self._limits = limits
        self._client_timeout_s = client_timeout_s
        self._started_s = int(time.time())

    def routes(self) -> list[web.RouteDef]:
        """Return the routes."""
        return [
            web.post(messages.COMPLETIONS_PATH, self._completions),
            web.post(messages.CHAT_PATH, self._chat),
            web.get(messages.MODELS_PATH, self._models),
            web.get(messages.MODELS_PATH + "/{model}", self._model),
            web.post(messages.INFILL_PATH, self._infill),
            web.post(messages.TOKENIZE_PATH, self._tokenize),
        ]

    async def _completions(self, request: web.Request) -> web.StreamResponse:
        body = decode_fields(await self._read(request), CompletionBody)

        def answer_format(model: str) -> AnswerFormat:
            return CompletionFormat(
                model,
                want_logprobs=body.logprobs is not None,
                include_usage=body.stream_options.include_usage,
            )

        return await self._generate(request, body, completion_request, answer_format)

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        body = decode_fields(await self._read(request), ChatBody)

        def answer_format(model: str) -> AnswerFormat:
            return ChatFormat(
                model,
                want_logprobs=body.logprobs,
                include_usage=body.stream_options.include_usage,
            )

        return await self._generate(request, body, chat_request, answer_format)

    async def _infill(self, request: web.Request) -> web.StreamResponse:
        body = decode_fields(await self._read(request), InfillBody)
        return await self._generate(
            request, body, infill_request, lambda model: InfillFormat(model, body)
        )

    async def _tokenize(self, request: web.Request) -> web.StreamResponse:
        body = decode_fields(await self._read(request), TokenizeBody)
        async with self._stop.guard():
            model = await self._names.find(body.model)
            return json_response(await tokenize(self._engine, body, model))

    async def _models(self, _request: web.Request) -> web.StreamResponse:
        async with self._stop.guard():
            known = await self._names.known()
        return json_response({"object": "list", "data": [self._listed(name) for name in known]})

    async def _model(self, request: web.Request) -> web.StreamResponse:
        async with self._stop.guard():
            name = await self._names.find(request.match_info["model"])
        return json_response(self._listed(public_name(name)))

    async def _generate(
        self,
        request: web.Request,
        body: Body,
        make_request: Callable[[Body, ModelInfo], GenerateRequest],
        make_format: Callable[[str], AnswerFormat],
    ) -> web.StreamResponse:
        async with self._stop.guard():
            info = await self._engine.describe(await self._names.find(body.model))
        wanted = make_request(body, info)
        self._limits.check_prompt_length(wanted)
        work = Work(wanted, make_format(public_name(info.model)), cut_short(body))
        if body.stream:
            return await answer_in_events(
                self._engine, work, self._stop, request, self._client_timeout_s
            )
        return await answer_whole(self._engine, work, self._stop)

    def _listed(self, name: str) -> dict[str, object]:
        return {
            "id": name,
            "object": "model",
            "created": self._started_s,
            "owned_by": "bantam",
        }

    async def _read(self, request: web.Request) -> bytes:
        return await read_body(request, self._client_timeout_s)

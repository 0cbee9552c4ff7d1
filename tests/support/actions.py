"""Code actions of documents with a cursor mark, and an engine that follows instructions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from lsp_server.actions.actor import Actor
from lsp_server.actions.values import ActionQuery, EditResult, Offer, Result
from lsp_server.engine.api import Event, GenerateRequest, TurnSegment
from lsp_server.engine.model_info import ModelInfo
from lsp_server.settings.schema import ModelSettings, Settings
from tests.support.completion import WritingEngine, prompt_text
from tests.support.documents import CURSOR

#: Nothing is known of this model before the engine has loaded it.
SETTINGS = Settings(model=ModelSettings(name="unknown"))


class TalkingEngine(WritingEngine):
    """Writes a given text up to a stop text, and says of its model what a test says."""

    def __init__(
        self,
        text: str,
        info: Mapping[str, Any] | None = None,
        failure: Exception | None = None,
        **fields: Any,
    ) -> None:
        super().__init__(texts=(text,), **fields)
        self._info = info or {}
        self._failure = failure

    async def _write(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Write the text up to the request's first stop text."""
        places = [self.texts[0].find(stop) for stop in request.stop.texts]
        end = min((place for place in places if place >= 0), default=len(self.texts[0]))
        self.texts = (self.texts[0][:end],)
        async for event in super()._write(request):
            yield event

    async def describe(self, model: str) -> ModelInfo:
        if self._failure is not None:
            raise self._failure
        return msgspec.structs.replace(await super().describe(model), **self._info)


def turns_in(request: GenerateRequest) -> list[str]:
    """Return the roles of a prompt's turns."""
    return [one.role.value for one in request.segments if isinstance(one, TurnSegment)]


@dataclass
class Desk:
    """An actor with its engine.

    Attributes:
        engine: What writes.
        actor: What is tested.
    """

    engine: TalkingEngine
    settings: Settings = SETTINGS
    actor: Actor = field(init=False)

    def __post_init__(self) -> None:
        self.actor = Actor(self.engine, self.settings)

    @property
    def prompt(self) -> str:
        """All text of the latest prompt."""
        return prompt_text(self.engine.requests[-1])


def query_of(marked: str, language: str = "python", **fields: Any) -> ActionQuery:
    """Return the query at a cursor mark, or of what stands between two of them."""
    parts = marked.split(CURSOR)
    assert len(parts) in (2, 3), "one mark is a cursor, two are a selection"
    start = len(parts[0])
    end = start + len(parts[1]) if len(parts) == 3 else start
    values: dict[str, Any] = {
        "uri": "file:///project/a",
        "path": "a",
        "language": language,
        "text": "".join(parts),
        "start": start,
        "end": end,
        **fields,
    }
    return ActionQuery(**values)


async def offered(query: ActionQuery) -> list[Offer]:
    """Return what is offered at a place."""
    return list(await Desk(TalkingEngine("")).actor.offers(query))


async def names_offered(query: ActionQuery) -> list[str]:
    """Return the names of what is offered at a place."""
    return [offer.name for offer in await offered(query)]


def after(query: ActionQuery, result: Result) -> str:
    """Return the document after an action's edit."""
    assert isinstance(result, EditResult)
    return result.apply(query.text)

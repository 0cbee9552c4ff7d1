"""Who works at the same time in `contention`, and how each system is asked by them."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from typing import Protocol

from lsp_server.completion.cursor import look_from_cursor
from lsp_server.completion.prompting import PromptWriter
from lsp_server.completion.query import CompletionQuery
from lsp_server.engine.api import (
    EndEvent,
    Engine,
    GenerateRequest,
    Limits,
    Part,
    Priority,
    Segment,
    TextSegment,
)
from lsp_server.settings.schema import Settings
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.sources import Source
from scripts.engine_bench.theirs import infill_texts
from scripts.engine_bench.traces import Key, typing_session
from scripts.peer.client import PeerClient

#: Length of a suggestion.
KEY_TOKENS = 16
#: What is read by actions and when warming; long enough for both, and different each time.
_LONG_SOURCE = Source("aiohttp/client.py", 0)
#: Of DeepSeek-Coder's tokenizer on Python source, measured on `_LONG_SOURCE`.
_CHARS_PER_TOKEN = 3.5


class Contender(Protocol):
    """One of the two systems, with a model loaded."""

    async def keystroke(self, document: int, key: Key) -> None:
        """Ask for a suggestion of `KEY_TOKENS` tokens."""
        ...

    async def act(self, prompt: str, max_tokens: int) -> None:
        """Run a code action."""
        ...

    async def warm(self, prompt: str, document: int) -> None:
        """Compute a prompt of a document that may be asked for later."""
        ...


class Typist:
    """Somebody who types in a file, and begins again at its end."""

    def __init__(self, contender: Contender, document: int, sources: tuple[Source, Source]) -> None:
        self._contender = contender
        self._document = document
        self._keys = itertools.cycle(_keys_in_one_place(sources))

    async def press(self) -> None:
        """Type a key and wait until its suggestion is complete."""
        await self._contender.keystroke(self._document, next(self._keys))


def _keys_in_one_place(sources: tuple[Source, Source]) -> Sequence[Key]:
    """Return the keys of a session up to the first pause for going elsewhere."""
    keys = typing_session(*sources)
    first = next(keys)
    return [first, *itertools.takewhile(lambda key: key.kind.name in {"TYPED", "ENTER"}, keys)]


def long_prompts(num_tokens: int) -> Iterator[str]:
    """Yield prompts of about so many tokens that share no beginning."""
    text = _LONG_SOURCE.read()
    num_chars = int(num_tokens * _CHARS_PER_TOKEN)
    for number in itertools.count():
        start = number * 997 % (len(text) - num_chars)
        yield f"# {number}\n{text[start : start + num_chars]}"


class OurContender:
    """Implements `Contender` with our engine."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._prompts = PromptWriter(settings.completion)
        self._numbers = itertools.count()

    async def keystroke(self, document: int, key: Key) -> None:
        """See `Contender`."""
        uri = f"{document} {key.document}"
        cursor = look_from_cursor(
            CompletionQuery(
                uri=uri, path=key.document, language="python", text=key.text, cursor=key.cursor
            )
        )
        info = await self._engine.describe(self._settings.model.name)
        prompt = self._prompts.prompt(cursor, info)
        request = self._request(
            prompt.segments, Priority.GHOST_TEXT, KEY_TOKENS, uri, prompt.forced_prefix
        )
        await self._wait(request)

    async def act(self, prompt: str, max_tokens: int) -> None:
        """See `Contender`."""
        await self._wait(self._request(_text(prompt), Priority.ACTION, max_tokens))

    async def warm(self, prompt: str, document: int) -> None:
        """See `Contender`."""
        await self._wait(self._request(_text(prompt), Priority.WARM, 0, f"warmed {document}"))

    def _request(
        self,
        segments: tuple[Segment, ...],
        priority: Priority,
        max_tokens: int,
        document_key: str = "",
        forced_prefix: str = "",
    ) -> GenerateRequest:
        return GenerateRequest(
            request_id=f"bench-{next(self._numbers)}",
            model=self._settings.model.name,
            segments=segments,
            document_key=document_key,
            forced_prefix=forced_prefix,
            priority=priority,
            limits=Limits(max_tokens=max_tokens),
        )

    async def _wait(self, request: GenerateRequest) -> None:
        async with aclosing(self._engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, EndEvent) and event.error is not None:
                    raise OurFailure(event.error.message)


def _text(text: str) -> tuple[Segment, ...]:
    return (TextSegment(text=text, document="action", part=Part.CONTEXT),)


#: The server has four.
_ACTION_SLOT = 3


class PeerContender:
    """Implements `Contender` with the peer; each document has a slot, actions the last one."""

    def __init__(self, client: PeerClient) -> None:
        self._client = client

    async def keystroke(self, document: int, key: Key) -> None:
        """See `Contender`."""
        texts = infill_texts(key.text, key.cursor)
        await self._client.infill(
            *(texts.prefix, texts.prompt, texts.suffix), max_tokens=KEY_TOKENS, slot=document
        )

    async def act(self, prompt: str, max_tokens: int) -> None:
        """See `Contender`."""
        await self._client.complete(prompt, max_tokens=max_tokens, slot=_ACTION_SLOT)

    async def warm(self, prompt: str, document: int) -> None:
        """Compute a prompt; the server knows no priorities and generates one token at least."""
        await self._client.complete(prompt, max_tokens=1, slot=document)

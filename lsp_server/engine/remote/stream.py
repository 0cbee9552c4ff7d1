"""One alternative: from chunks to the tokens that a client hears, and why it ended."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

import msgspec

from lsp_server.engine.api import EndReason, StopRules, TokenText
from lsp_server.engine.detokenizer import AnswerText
from lsp_server.engine.remote.chunks import Choice, Chunk, Logprobs, Usage
from lsp_server.engine.remote.conversation import Opening

_END_REASONS = {"length": EndReason.LENGTH, "max_tokens": EndReason.LENGTH}


class Alternative:
    """What has arrived of one alternative.

    Attributes:
        reason: Why it ended; `None` while it goes on.
        usage: What the server says it took, if it has.
        num_chunks: Chunks with text so far: about as many as tokens.
    """

    def __init__(self, stop: StopRules, opening: str = "") -> None:
        self.reason: EndReason | None = None
        self.usage: Usage | None = None
        self.num_chunks = 0
        self._text = AnswerText(stop)
        self._opening = Opening(opening)

    async def tokens(
        self, chunks: AsyncGenerator[Chunk, None]
    ) -> AsyncGenerator[tuple[TokenText, ...], None]:
        """Yield the tokens as they become final; closes the chunks.

        Raises:
            BantamError: The server failed.
        """
        finish_reason: str | None = None
        async with aclosing(chunks):
            async for chunk in chunks:
                self.usage = chunk.usage or self.usage
                for choice in chunk.choices[:1]:
                    finish_reason = choice.finish_reason or finish_reason
                    if tokens := self._take(choice):
                        yield tokens
                if self._text.is_stopped:
                    self.reason = EndReason.STOP
                    return
        rest = self._opening.finish()
        tokens = (self._text.add(rest.encode()) if rest else ()) + self._text.finish()
        # Without a reason the server has ended it for another request.
        cut = EndReason.CANCELLED if finish_reason is None else EndReason.STOP
        self.reason = _END_REASONS.get(finish_reason or "", cut)
        if tokens:
            yield tokens

    def _take(self, choice: Choice) -> tuple[TokenText, ...]:
        if not choice.added:
            return ()
        self.num_chunks += 1
        taken: list[TokenText] = []
        for text, logprob in _split(choice):
            if self._text.is_stopped:
                break
            if kept := self._opening.take(text):
                taken += self._text.add(kept.encode("utf-8", "replace"), logprob)
        return tuple(taken)


def _split(choice: Choice) -> list[tuple[str, float | None]]:
    """Return the tokens of a chunk, or all of it as one when the server names none."""
    try:
        found = msgspec.convert(choice.logprobs, Logprobs)
    except msgspec.ValidationError:
        return [(choice.added, None)]
    if "".join(found.tokens) != choice.added or len(found.tokens) != len(found.token_logprobs):
        return [(choice.added, None)]
    return list(zip(found.tokens, found.token_logprobs, strict=True))

"""The peer, asked as llama.vim asks it.

Source: `llama#fim` in autoload/llama.vim of ggml-org/llama.vim, with its default values.
"""

from __future__ import annotations

from dataclasses import dataclass

from scripts.engine_bench.asking import KeyCost
from scripts.engine_bench.traces import Key
from scripts.peer.client import PeerClient

PREFIX_LINES = 256
SUFFIX_LINES = 64


@dataclass(frozen=True, slots=True)
class InfillTexts:
    """The three texts of a request."""

    prefix: str
    prompt: str
    suffix: str


def infill_texts(text: str, cursor: int) -> InfillTexts:
    """Return what llama.vim sends for a cursor."""
    lines_above = text[:cursor].split("\n")
    lines_below = text[cursor:].split("\n")
    line_prefix, line_suffix = lines_above.pop(), lines_below.pop(0)
    if not (line_prefix + line_suffix).strip():
        # On a blank line it begins at the margin.
        line_prefix = line_suffix = ""
    return InfillTexts(
        prefix="\n".join(lines_above[-PREFIX_LINES:]) + "\n",
        prompt=line_prefix,
        suffix="\n".join([line_suffix, *lines_below[:SUFFIX_LINES]]) + "\n",
    )


class PeerSystem:
    """Implements `asking.System`; the peer does nothing in pauses."""

    def __init__(self, client: PeerClient, max_tokens: int) -> None:
        self._client = client
        self._max_tokens = max_tokens

    async def ask(self, key: Key) -> KeyCost:
        """Ask at a key."""
        texts = infill_texts(key.text, key.cursor)
        answer = await self._client.infill(
            texts.prefix, texts.prompt, texts.suffix, max_tokens=self._max_tokens
        )
        return KeyCost(
            tokens_prompt=answer.tokens_computed + answer.tokens_reused,
            tokens_computed=answer.tokens_computed,
            ms_first=answer.ms_prompt,
            ms_decode=answer.ms_decode,
            tokens_generated=answer.tokens_generated,
        )

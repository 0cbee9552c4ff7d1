"""What a remote server streams: server-sent events, and the chunks in them.  Pure.

Format of events: section 9.2 of the HTML standard; of chunks: the OpenAI API reference,
"The completion object" and "The chat completion chunk object".
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from lsp_server.errors import RemoteError

DONE = "[DONE]"
#: A longer line is no chunk of text.
MAX_LINE_BYTES = 4 * 1024 * 1024


class Logprobs(msgspec.Struct):
    """Tokens of a chunk, as `/completions` gives them."""

    tokens: list[str] = msgspec.field(default_factory=list)
    token_logprobs: list[float | None] = msgspec.field(default_factory=list)


class Delta(msgspec.Struct):
    """What a chunk of a conversation adds."""

    content: str | None = None


class Choice(msgspec.Struct):
    """The part of a chunk that holds text: `text` of completions, `delta` of conversations."""

    text: str | None = None
    delta: Delta | None = None
    finish_reason: str | None = None
    logprobs: object = None

    @property
    def added(self) -> str:
        """The text that was added."""
        return (self.text if self.delta is None else self.delta.content) or ""


class TokenDetails(msgspec.Struct):
    """Of the prompt's tokens."""

    cached_tokens: int | None = None


class Usage(msgspec.Struct):
    """Tokens that a request took."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    prompt_tokens_details: TokenDetails | None = None


class Chunk(msgspec.Struct):
    """One event of a stream."""

    choices: list[Choice] = msgspec.field(default_factory=list)
    usage: Usage | None = None
    error: object = None


_CHUNKS = msgspec.json.Decoder(Chunk)


class EventLines:
    """Cuts bytes as they arrive into the data of events."""

    def __init__(self) -> None:
        self._pending = b""
        self._data: list[str] = []

    def add(self, data: bytes) -> Iterator[str]:
        """Yield the data of every event that is complete.

        Raises:
            RemoteError: A line is too long, or no text.
        """
        *lines, self._pending = (self._pending + data).split(b"\n")
        if len(self._pending) > MAX_LINE_BYTES:
            raise RemoteError(
                f"the remote server sent a line of more than {MAX_LINE_BYTES} bytes; it is not "
                "OpenAI-compatible"
            )
        for line in lines:
            yield from self._take(line.removesuffix(b"\r"))

    def _take(self, line: bytes) -> Iterator[str]:
        if not line:
            if self._data:
                yield "\n".join(self._data)
            self._data = []
            return
        name, _, value = line.partition(b":")
        if name == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))


def decode_chunk(data: str) -> Chunk:
    """Return the chunk of an event.

    Raises:
        RemoteError: It is none.
    """
    try:
        return _CHUNKS.decode(data)
    except msgspec.DecodeError as error:
        raise RemoteError(
            f"the remote server's stream is not OpenAI-compatible: {error}; is remote.url right?"
        ) from error

"""Requests to a running llama-server."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp

from scripts.peer.program import PeerFailed

#: What a line of a stream of events begins with.
_DATA = b"data: "


@dataclass(frozen=True, slots=True)
class PeerAnswer:
    """What one request cost, by the server's own figures.

    Attributes:
        tokens_computed: Prompt tokens that were evaluated.
        tokens_reused: Prompt tokens that were in the cache.
        tokens_generated: Tokens of the answer.
        ms_prompt: Milliseconds for the prompt.
        ms_decode: Milliseconds for the answer.
    """

    tokens_computed: int
    tokens_reused: int
    tokens_generated: int
    ms_prompt: float
    ms_decode: float


@dataclass(frozen=True, slots=True)
class StreamedAnswer:
    """An answer that came piece by piece.

    Attributes:
        answer: What it cost.
        first_s: When its first text came, in seconds of `time.perf_counter`.
    """

    answer: PeerAnswer
    first_s: float


class PeerClient:
    """Asks a running server.

    Attributes:
        pid: The server's process.
        base: Its address.
    """

    def __init__(self, session: aiohttp.ClientSession, pid: int, base: str) -> None:
        """Use a session whose base address is the server's."""
        self.pid = pid
        self.base = base
        self._session = session

    async def infill(
        self, prefix: str, prompt: str, suffix: str, *, max_tokens: int, slot: int | None = None
    ) -> PeerAnswer:
        """Ask for what stands between two texts.

        Args:
            prefix: Lines above the cursor's, with the line ending.
            prompt: The cursor's line up to the cursor.
            suffix: The rest of the line, and the lines below.
            max_tokens: Length of the answer.
            slot: The server's slot to use, or any.

        Raises:
            PeerFailed: The server did not answer as it should.
        """
        values = {"input_prefix": prefix, "prompt": prompt, "input_suffix": suffix}
        return await self._ask("/infill", values, max_tokens, slot)

    async def complete(
        self, prompt: str, *, max_tokens: int, slot: int | None = None
    ) -> PeerAnswer:
        """Ask for what follows a text.

        Raises:
            PeerFailed: The server did not answer as it should.
        """
        return await self._ask("/completion", {"prompt": prompt}, max_tokens, slot)

    async def stream(
        self, prompt: str, *, max_tokens: int, slot: int | None = None
    ) -> StreamedAnswer:
        """Ask for what follows a text, and read the answer as it is written.

        Raises:
            PeerFailed: The server did not answer as it should.
        """
        body = _body({"prompt": prompt}, max_tokens, slot) | {"stream": True}
        first_s: float | None = None
        # The server closes a connection behind a stream, sometimes while it is used again.
        headers = {"Connection": "close"}
        async with self._session.post("/completion", json=body, headers=headers) as response:
            if response.status != 200:
                raise PeerFailed(
                    f"llama-server answered a stream with {response.status}: "
                    f"{await response.text()}"
                )
            async for line in response.content:
                if not line.startswith(_DATA):
                    continue
                content = json.loads(line.removeprefix(_DATA))
                if first_s is None:
                    first_s = time.perf_counter()
                if content.get("stop"):
                    return StreamedAnswer(_answer(content["timings"]), first_s)
        raise PeerFailed("llama-server ended a stream without its last line")

    async def _ask(
        self, path: str, values: Mapping[str, str], max_tokens: int, slot: int | None
    ) -> PeerAnswer:
        body = _body(values, max_tokens, slot)
        async with self._session.post(path, json=body) as response:
            content = await response.json(content_type=None)
            if response.status != 200:
                raise PeerFailed(f"llama-server answered {path} with {response.status}: {content}")
        return _answer(content["timings"])


def _body(values: Mapping[str, str], max_tokens: int, slot: int | None) -> dict[str, Any]:
    body: dict[str, Any] = {
        **values,
        "n_predict": max_tokens,
        "temperature": 0.0,
        # A random model may end at once; the same number of tokens is asked of both systems.
        "ignore_eos": True,
        "cache_prompt": True,
        "stream": False,
    }
    if slot is not None:
        body["id_slot"] = slot
    return body


def _answer(timings: Mapping[str, Any]) -> PeerAnswer:
    return PeerAnswer(
        tokens_computed=int(timings["prompt_n"]),
        tokens_reused=int(timings["cache_n"]),
        tokens_generated=int(timings["predicted_n"]),
        ms_prompt=float(timings["prompt_ms"]),
        ms_decode=float(timings["predicted_ms"]),
    )

"""A running llama-server, and requests to it as llama.vim makes them."""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from scripts.peer.build import PeerBuild, PeerNotBuilt
from scripts.peer.wheel import VERSION, WheelMissing, ensure_wheel, wheel_command
from scripts.set_up.progress import Reporter

#: The values that llama-server's own presets for infilling set (`--fim-qwen-1.5b-default` in
#: common/arg.cpp of llama.cpp) and llama.vim recommends.
BATCH_TOKENS = 1_024
CACHE_REUSE = 256
_START_TIMEOUT_S = 300.0
_POLL_S = 0.1
_NUM_TAIL_LINES = 15


class PeerFailed(Exception):
    """The peer cannot be started or does not answer; the message says why."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A program that is llama-server.

    Attributes:
        name: For people; says where it comes from.
        command: Returns the command that serves a model: model, context in tokens, port.
    """

    name: str
    command: Callable[[Path, int, int], list[str]]


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


def find_peer(reporter: Reporter) -> Peer:
    """Return the peer: built from our own llama.cpp, else the one of the wheel.

    Raises:
        PeerFailed: There is neither.
    """
    build = PeerBuild.of()
    try:
        program = build.ensure(reporter)
    except PeerNotBuilt as reason:
        return _wheel_peer(reporter, reason)
    return Peer(
        f"llama-server of {build.archive}",
        lambda model, context_tokens, port: [
            *(str(program), "--model", str(model), "--ctx-size", str(context_tokens)),
            *("--batch-size", str(BATCH_TOKENS), "--ubatch-size", str(BATCH_TOKENS)),
            *("--cache-reuse", str(CACHE_REUSE), "--host", "127.0.0.1", "--port", str(port)),
        ],
    )


def _wheel_peer(reporter: Reporter, reason: PeerNotBuilt) -> Peer:
    try:
        folder = ensure_wheel(reporter)
    except WheelMissing as error:
        raise PeerFailed(
            f"llama-server can neither be built ({reason}) nor taken from a wheel ({error}); "
            "run scripts/build_peer to see the build alone"
        ) from error
    return Peer(
        f"llama-server in the wheel xllamacpp {VERSION}, another llama.cpp than ours",
        lambda model, context_tokens, port: wheel_command(
            folder, model, context_tokens, BATCH_TOKENS, CACHE_REUSE, port
        ),
    )


class PeerClient:
    """Asks a running server."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        """Use a session whose base address is the server's."""
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

    async def _ask(
        self, path: str, values: Mapping[str, str], max_tokens: int, slot: int | None
    ) -> PeerAnswer:
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
        async with self._session.post(path, json=body) as response:
            content = await response.json(content_type=None)
            if response.status != 200:
                raise PeerFailed(f"llama-server answered {path} with {response.status}: {content}")
        return _answer(content["timings"])


def _answer(timings: Mapping[str, Any]) -> PeerAnswer:
    return PeerAnswer(
        tokens_computed=int(timings["prompt_n"]),
        tokens_reused=int(timings["cache_n"]),
        tokens_generated=int(timings["predicted_n"]),
        ms_prompt=float(timings["prompt_ms"]),
        ms_decode=float(timings["predicted_ms"]),
    )


@asynccontextmanager
async def serving(peer: Peer, model: Path, context_tokens: int) -> AsyncGenerator[PeerClient, None]:
    """Run the peer with a model as long as the context lasts.

    Raises:
        PeerFailed: It ended at once or was not ready in time.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            *peer.command(model, context_tokens, port),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            env=_environment(),
        )
        try:
            timeout = aiohttp.ClientTimeout(total=None)
            base = f"http://127.0.0.1:{port}"
            async with aiohttp.ClientSession(base, timeout=timeout) as session:
                try:
                    await _wait_until_ready(session, process)
                except PeerFailed as error:
                    log.seek(0)
                    lines = log.read().decode(errors="replace").splitlines()[-_NUM_TAIL_LINES:]
                    raise PeerFailed("\n".join([str(error), *lines])) from error
                yield PeerClient(session)
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


def _environment() -> dict[str, str]:
    """Return the variables for the server: OpenMP waits as it does in our engine."""
    return {"OMP_WAIT_POLICY": "passive", **os.environ}


async def _wait_until_ready(
    session: aiohttp.ClientSession, process: asyncio.subprocess.Process
) -> None:
    try:
        async with asyncio.timeout(_START_TIMEOUT_S):
            while not await _is_ready(session):
                if process.returncode is not None:
                    raise PeerFailed(f"llama-server ended with status {process.returncode}")
                await asyncio.sleep(_POLL_S)
    except TimeoutError as error:
        raise PeerFailed(f"llama-server was not ready after {_START_TIMEOUT_S:.0f} s") from error


async def _is_ready(session: aiohttp.ClientSession) -> bool:
    try:
        async with session.get("/health") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])

"""Ghost text from a real server and a real engine process, with the fake model."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.directories import Directories
from lsp_server.engine.runners.fake_models import FAKE_COMPLETION
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.lsp_session import (
    LspSession,
    eventually,
    lsp_session,
    num_running,
    num_steps,
    speaking,
)

pytestmark = pytest.mark.e2e

FAKE = {"model": {"name": "fake"}}
#: Writes long enough to be caught at it.
SLOW = {
    "model": {"name": "fake:slow"},
    "completion": {"max_tokens": 1024, "max_lines": 100, "max_ms": 60_000},
}
BLOCK = "def add(a, b):\n    ‸\n"
#: A quarter of a second of what the slow model does.
_STEPS_OF_FIRST_WORDS = 12
#: A place where none of our own rules ends what the slow model writes.
OPEN_END = "total = 0\n‸\n"


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def test_initialize_needs_neither_model_nor_engine(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options={"model": {"name": "/no/such/model.gguf"}}) as session:
        assert session.messages == []
        assert engines_of(bantam_directories) == []


async def test_a_suggestion_and_its_acceptance() -> None:
    async with lsp_session(options=FAKE) as session:
        document = session.open(BLOCK)
        item = await session.ghost_text(document)
        assert item.insert_text == FAKE_COMPLETION
        assert item.command is not None
        await session.client.workspace_execute_command_async(
            types.ExecuteCommandParams(item.command.command, item.command.arguments)
        )
        status = await session.client.workspace_execute_command_async(
            types.ExecuteCommandParams("bantam.status")
        )
        assert status is not None
        assert status["suggestions"] == {"accepted": 1, "dismissed": 0}
        assert session.messages == []


@pytest.mark.parametrize("encoding", list(types.PositionEncodingKind))
async def test_windows_line_endings_and_emoji(encoding: types.PositionEncodingKind) -> None:
    async with lsp_session(capabilities=speaking(encoding), options=FAKE) as session:
        assert session.encoding == encoding.value
        document = session.open("# 🦜\r\ndef add(a, b):\x0c\r\n    s = '漢😀e\u0301'; ‸\r\n")
        session.type(document, "t = '🦜'; ")
        expected = (
            f"# 🦜\r\ndef add(a, b):\x0c\r\n    s = '漢😀e\u0301'; t = '🦜'; {FAKE_COMPLETION}\r\n"
        )
        assert await session.accept(document) == expected


async def test_text_that_looks_like_a_marker_is_text() -> None:
    async with lsp_session(options=FAKE) as session:
        document = session.open("m = '<｜fim▁hole｜>'\ndef add(a, b):\n    ‸\n")
        assert (await session.ghost_text(document)).insert_text == FAKE_COMPLETION


async def test_typing_along_is_answered_without_the_engine(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options=FAKE) as session:
        document = session.open(BLOCK)
        await session.ghost_text(document)
        for engine in engines_of(bantam_directories):
            engine.kill()
            engine.wait()
        session.type(document, "return ")
        assert (await session.ghost_text(document)).insert_text == "a + b"
        assert engines_of(bantam_directories) == []


async def test_cancelling_frees_the_engine() -> None:
    async with lsp_session(options=SLOW) as session:
        answer = session.ask(session.open(OPEN_END))
        await eventually(lambda: has_running(1))
        session.cancel_latest()
        with pytest.raises(JsonRpcException) as caught:
            await answer
        assert caught.value.code == -32800
        await eventually(lambda: has_running(0))


async def test_an_answer_to_an_older_text_is_not_shown() -> None:
    async with lsp_session(options=SLOW) as session:
        document = session.open(OPEN_END)
        old = session.ask(document)
        await eventually(lambda: has_running(1))
        session.type(document, "while")
        new = session.ask(document)
        assert (await old).items == ()
        session.cancel_latest()
        with pytest.raises(JsonRpcException):
            await new
        await eventually(lambda: has_running(0))


async def test_closing_the_document_frees_the_engine() -> None:
    async with lsp_session(options=SLOW) as session:
        document = session.open(OPEN_END)
        answer = session.ask(document)
        await eventually(lambda: has_running(1))
        session.client.text_document_did_close(
            types.DidCloseTextDocumentParams(types.TextDocumentIdentifier(document.uri))
        )
        assert (await answer).items == ()
        await eventually(lambda: has_running(0))


async def test_ending_the_server_frees_the_engine_and_leaves_it_running(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options=SLOW) as session:
        answer = session.ask(session.open(OPEN_END))
        await eventually(lambda: has_running(1))
    answer.cancel()
    assert len(engines_of(bantam_directories)) == 1
    await eventually(lambda: has_running(0))


async def test_two_windows_share_one_engine(bantam_directories: Directories) -> None:
    async with lsp_session(options=FAKE) as one, lsp_session(options=FAKE) as other:
        texts = await asyncio.gather(
            one.ghost_text(one.open(BLOCK)), other.ghost_text(other.open(BLOCK))
        )
        assert {item.insert_text for item in texts} == {FAKE_COMPLETION}
    assert len(engines_of(bantam_directories)) == 1


async def kill_in_the_middle(session: LspSession, directories: Directories, uri: str) -> int:
    """Kill the engine while it writes, and return its process id."""
    answer = session.ask(session.open(OPEN_END, uri=uri))
    # Before its first words are read, the request is not taken, and goes to another engine.
    await eventually(lambda: has_made_steps(_STEPS_OF_FIRST_WORDS))
    [engine] = engines_of(directories)
    engine.kill()
    assert (await answer).items == ()
    await eventually(lambda: engine.pid not in [one.pid for one in engines_of(directories)])
    return engine.pid


async def test_an_engine_that_is_killed_is_started_again_and_is_no_message(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options=SLOW) as session:
        pids = set()
        for number in range(2):
            pids.add(await kill_in_the_middle(session, bantam_directories, f"untitled:{number}"))
            other = session.open("value = ‸\n", uri=f"untitled:other-{number}")
            assert (await session.ghost_text(other)).insert_text == "line_0 = 0"
        assert session.messages == []
        [engine] = engines_of(bantam_directories)
        assert len({*pids, engine.pid}) == 3


async def test_an_engine_that_does_not_stay_is_one_message(
    bantam_directories: Directories,
) -> None:
    async with lsp_session(options=SLOW) as session:
        for number in range(3):
            await kill_in_the_middle(session, bantam_directories, f"untitled:{number}")
        [message] = session.messages
        assert "the engine ended in the middle of a request" in message


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("fake:broken", ["fake:broken"]),
        ("fake:no-infill", ["fake:no-infill", "model.name"]),
        ("/no/such/model.gguf", ["/no/such/model.gguf"]),
    ],
)
async def test_a_model_that_cannot_be_used_is_named_once(model: str, words: list[str]) -> None:
    async with lsp_session(options={"model": {"name": model}}) as session:
        document = session.open(BLOCK)
        for _ in range(3):
            assert (await session.ask(document)).items == ()
        [message] = session.messages
        assert all(word in message for word in words), message


async def test_loading_is_shown_as_progress() -> None:
    async with lsp_session(options=FAKE) as session:
        await session.ghost_text(session.open(BLOCK))
        await eventually(lambda: kinds_of_progress(session)[-1:] == ["end"])
        assert kinds_of_progress(session)[0] == "begin"


async def has_running(count: int) -> bool:
    return await num_running() == count


async def has_made_steps(count: int) -> bool:
    return await num_steps() >= count


def kinds_of_progress(session: LspSession) -> list[str]:
    reports: dict[Any, list[Any]] = session.client.progress_reports
    return [str(value.kind) for values in reports.values() for value in values]

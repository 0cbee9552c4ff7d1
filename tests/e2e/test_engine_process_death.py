"""What clients notice when the real engine process dies, hangs or is told to end."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing

import psutil
import pytest
import pytest_asyncio

from lsp_server.directories import Directories
from lsp_server.engine.api import (
    CountRequest,
    EndEvent,
    EndReason,
    ErrorKind,
    Event,
    Limits,
    TextEvent,
)
from lsp_server.engine.client import EngineClient
from lsp_server.engine.shared import ending
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.shared.process import stop_engine
from lsp_server.engine.shared.runtime_folder import runtime_folder
from tests.support.engine_processes import engines_of, no_engine_left, start_script
from tests.support.scripted_engine import request

pytestmark = pytest.mark.e2e


@pytest.fixture(autouse=True)
def clean_up(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest_asyncio.fixture
async def client(bantam_directories: Directories) -> AsyncIterator[EngineClient]:
    client = EngineClient(bantam_directories)
    yield client
    await client.aclose()


async def kill(client: EngineClient) -> int:
    """Kill the engine, wait until it is gone, and return its process id."""
    pid = (await client.status()).pid
    engine = psutil.Process(pid)
    engine.kill()
    await asyncio.to_thread(engine.wait, 30)
    return pid


async def end_of(client: EngineClient) -> EndEvent:
    event = [event async for event in client.generate(request())][-1]
    assert isinstance(event, EndEvent)
    return event


async def test_a_killed_engine_ends_its_streams_once_and_the_next_request_starts_another(
    client: EngineClient, bantam_directories: Directories
) -> None:
    async with aclosing(client.generate(request(model="fake:slow"))) as events:
        await anext(events)
        pid = await kill(client)
        rest: list[Event] = [event async for event in events]
    [end] = [event for event in rest if isinstance(event, EndEvent)]
    assert end is rest[-1]
    assert end.reasons == (EndReason.ERROR,)
    assert end.error is not None
    assert end.error.kind is ErrorKind.STOPPED
    assert str(runtime_folder(bantam_directories).log_file) in end.error.message
    assert (await end_of(client)).error is None
    assert (await client.status()).pid != pid


async def until_at_work(client: EngineClient, num_requests: int) -> None:
    """Wait until the engine has so many requests."""
    async with asyncio.timeout(60):
        while True:
            models = (await client.status()).models
            if sum(one.num_running + one.num_waiting for one in models) == num_requests:
                return


async def ask_until_answered(client: EngineClient, number: int) -> tuple[list[int], str]:
    """Ask until it works; return how many ends each try had, and the text of the last."""
    nums_ends: list[int] = []
    for _ in range(4):
        wanted = request(f"x{number} = ", model="fake:slow", limits=Limits(max_tokens=150))
        events = [event async for event in client.generate(wanted)]
        ends = [event for event in events if isinstance(event, EndEvent)]
        nums_ends.append(len(ends))
        if ends[0].error is None:
            text = "".join(event.text for event in events if isinstance(event, TextEvent))
            return nums_ends, text
        assert ends[0].error.kind is ErrorKind.STOPPED, ends[0].error.message
    raise AssertionError("still no answer")


async def test_clients_of_an_engine_killed_under_load_attach_to_one_new_engine(
    bantam_directories: Directories,
) -> None:
    clients = [EngineClient(bantam_directories, client=str(number)) for number in range(4)]
    pid = (await clients[0].status()).pid
    asked = [
        asyncio.create_task(ask_until_answered(clients[number % 4], number)) for number in range(12)
    ]
    await until_at_work(clients[0], len(asked))
    assert await kill(clients[0]) == pid
    answers = await asyncio.gather(*asked)
    assert all(set(nums_ends) == {1} for nums_ends, _ in answers), "each try ends exactly once"
    assert {len(nums_ends) for nums_ends, _ in answers} == {2}, "cut off once, then answered"
    lines = "".join(f"line_{number} = {number}\n" for number in range(100))
    assert {text for _, text in answers} == {lines[:150]}
    pids = {(await client.status()).pid for client in clients}
    assert len(pids) == 1
    assert pid not in pids
    for client in clients:
        await client.aclose()


async def test_an_engine_that_died_between_requests_is_not_noticed(client: EngineClient) -> None:
    assert (await end_of(client)).error is None
    await kill(client)
    assert (await end_of(client)).error is None
    await kill(client)
    reply = await client.count(CountRequest(model="fake", texts=("abc",)))
    assert reply.counts == (3,)


async def test_an_engine_that_always_dies_is_not_started_for_ever(client: EngineClient) -> None:
    for _ in range(3):
        await kill(client)
    end = await end_of(client)
    assert end.error is not None
    assert end.error.kind is ErrorKind.START
    assert "died 3 times" in end.error.message
    assert "engine.log" in end.error.message


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
async def test_a_signal_ends_it_cleanly(
    client: EngineClient, bantam_directories: Directories, number: signal.Signals
) -> None:
    folder = runtime_folder(bantam_directories)
    engine = psutil.Process((await client.status()).pid)
    async with aclosing(client.generate(request(model="fake:slow"))) as events:
        await anext(events)
        engine.send_signal(number)
        end = [event async for event in events][-1]
    assert isinstance(end, EndEvent)
    assert end.error is not None
    assert end.error.kind is ErrorKind.STOPPED
    await asyncio.to_thread(engine.wait, 30)
    assert not folder.socket.exists()
    assert folder.engine_lock.read_text() == ""


async def test_closing_a_stream_frees_its_cells(client: EngineClient) -> None:
    async with aclosing(client.generate(request(model="fake:slow"))) as events:
        async for event in events:
            if isinstance(event, TextEvent):
                break
        assert (await client.status()).models[0].num_running == 1
    for _ in range(100):
        if (await client.status()).models[0].num_running == 0:
            return
    pytest.fail("the engine goes on with a request that nobody reads")


async def test_a_hanging_engine_is_ended_by_force(
    client: EngineClient, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "_ANSWER_TIMEOUT_S", 0.2)
    monkeypatch.setattr(ending, "_END_TIMEOUT_S", 2.0)
    pid = (await client.status()).pid
    os.kill(pid, signal.SIGSTOP)
    assert await stop_engine(bantam_directories) is True
    assert engines_of(bantam_directories) == []
    assert (await end_of(client)).error is None


async def test_an_engine_that_hangs_while_it_ends_is_cut_short_and_did_not_die(
    bantam_directories: Directories,
) -> None:
    folder = runtime_folder(bantam_directories)
    with start_script("engine_that_hangs") as engine:
        await wait_until(folder.socket.exists, timeout_s=60)
        assert await stop_engine(bantam_directories) is True
        assert await asyncio.to_thread(engine.wait, 30) == 1
    assert folder.engine_lock.read_text() == ""


async def test_an_engine_whose_socket_was_cleaned_away_makes_room(
    bantam_directories: Directories,
) -> None:
    bantam_directories.config.mkdir(parents=True)
    bantam_directories.config_file.write_text("[engine]\nexit_after_s = 2\n")
    client = EngineClient(bantam_directories)
    pid = (await client.status()).pid
    await client.aclose()
    runtime_folder(bantam_directories).socket.unlink()
    other = EngineClient(bantam_directories)
    assert (await end_of(other)).error is None
    await wait_until(lambda: not psutil.pid_exists(pid), timeout_s=30)
    assert len(engines_of(bantam_directories)) == 1
    await other.aclose()

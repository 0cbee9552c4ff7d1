"""Life cycle, settings, faults and progress of one session."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import ErrorKind, ErrorReport
from lsp_server.server.client import EditorClient
from lsp_server.server.session import Session
from lsp_server.server.wiring import BantamServer
from lsp_server.settings.schema import Settings
from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import JsonClient, ghost, in_process

GHOST = "textDocument/inlineCompletion"
ASKS_SETTINGS = {"workspace": {"configuration": True}}


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["return a + b"])


@pytest.fixture
async def client(engine: WritingEngine) -> AsyncIterator[JsonClient]:
    async with in_process(engine) as client:
        yield client


def max_tokens(client: JsonClient) -> int:
    return client.server.session.configuration.settings.completion.max_tokens


async def test_initialize_asks_nothing_of_the_engine(
    client: JsonClient, engine: WritingEngine
) -> None:
    capabilities = (await client.start())["capabilities"]
    assert capabilities["inlineCompletionProvider"] == {}
    assert "." in capabilities["completionProvider"]["triggerCharacters"]
    assert capabilities["textDocumentSync"]["change"] == 2
    assert (engine.num_loads, engine.requests) == (0, [])


async def test_a_request_before_initialize_is_refused(client: JsonClient) -> None:
    response = await client.response(client.send(GHOST, ghost(client.open("x‸"))))
    assert response["error"]["code"] == -32002
    await client.start()


async def test_initialize_is_taken_once(client: JsonClient) -> None:
    await client.start()
    params: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    response = await client.response(client.send("initialize", params))
    assert response["error"]["code"] == -32600


async def test_after_shutdown_requests_are_refused(client: JsonClient) -> None:
    await client.start()
    assert await client.ask("shutdown") is None
    response = await client.response(client.send("shutdown"))
    assert response["error"]["code"] == -32600


async def test_shutdown_answers_what_is_running(client: JsonClient, engine: WritingEngine) -> None:
    engine.pause_after = 1
    await client.start()
    running = client.send(GHOST, ghost(client.open("value = ‸\n")))
    await client.until(lambda: engine.num_open and engine.requests)
    await client.ask("shutdown")
    await client.response(running)
    await client.until(lambda: engine.num_open == 0)


async def test_parameters_of_a_wrong_form_are_answered_with_an_error(
    client: JsonClient,
) -> None:
    await client.start()
    response = await client.response(client.send(GHOST, {"position": "here"}))
    assert response["error"]["code"] == -32602


async def test_an_unknown_method_is_answered_with_an_error(client: JsonClient) -> None:
    await client.start()
    response = await client.response(client.send("no/such/method", {}))
    assert response["error"]["code"] == -32601


async def test_a_fault_in_a_handler_reaches_the_client_without_a_traceback(
    client: JsonClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.start()
    monkeypatch.setattr(client.server.session, "documents", None)
    at = {"textDocument": {"uri": "u"}, "position": {"line": 0, "character": 0}}
    error = (await client.response(client.send(GHOST, ghost(at))))["error"]
    assert error["code"] == -32603
    assert GHOST in error["message"]
    assert error.get("data") is None


async def test_a_change_that_fails_leaves_no_wrong_text_behind(
    client: JsonClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    await client.start()
    at = client.open("value = ‸\n")
    with monkeypatch.context() as patch:
        patch.setattr(client.server.session, "codec", None)
        client.type("x", at, version=2)
    assert (await client.ask(GHOST, ghost(at)))["items"] == []
    [message] = client.shown_messages()
    assert "a.py" in message
    client.open("value = ‸\n")
    assert (await client.ask(GHOST, ghost(at)))["items"]


async def test_initialization_options_are_trusted(client: JsonClient) -> None:
    options = {"model": {"name": "some-model"}, "completion": {"max_tokens": 7}}
    await client.start(initializationOptions=options)
    settings = client.server.session.configuration.settings
    assert (settings.model.name, settings.completion.max_tokens) == ("some-model", 7)


async def test_a_bad_value_is_shown_once_and_its_default_used(client: JsonClient) -> None:
    client.configuration = {"completion": {"max_tokens": "many", "max_lines": 3}}
    await client.start(ASKS_SETTINGS)
    await client.until(client.shown_messages)
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    await client.until(lambda: len(client.requests) == 2)
    await client.until(lambda: not client.server.session.tasks._tasks)
    [message] = client.shown_messages()
    assert "completion.max_tokens" in message
    assert "'many'" in message
    assert max_tokens(client) == 64
    assert client.server.session.configuration.settings.completion.max_lines == 3


async def test_a_workspace_cannot_choose_the_model(client: JsonClient) -> None:
    client.configuration = {"model": {"name": "/tmp/evil.gguf"}, "completion": {"max_tokens": 9}}
    await client.start(ASKS_SETTINGS)
    await client.until(lambda: max_tokens(client) == 9)
    assert client.server.session.configuration.settings.model.name == "bantam-embedded"
    [message] = client.shown_messages()
    assert "model.name" in message


async def test_changed_settings_take_effect(client: JsonClient, engine: WritingEngine) -> None:
    client.configuration = {"completion": {"max_tokens": 9}}
    await client.start(ASKS_SETTINGS)
    await client.until(lambda: max_tokens(client) == 9)
    at = client.open("value = ‸\n")
    await client.ask(GHOST, ghost(at))
    client.configuration = {"completion": {"max_tokens": 11}}
    client.notify("workspace/didChangeConfiguration", {"settings": None})
    await client.until(lambda: max_tokens(client) == 11)
    await client.ask(GHOST, ghost(at))
    assert [request.limits.max_tokens for request in engine.requests] == [9, 11]


async def test_clients_that_push_settings_are_understood(client: JsonClient) -> None:
    await client.start()
    settings = {"bantam": {"completion": {"max_tokens": 5}}, "python": {"x": 1}}
    client.notify("workspace/didChangeConfiguration", {"settings": settings})
    assert max_tokens(client) == 5


async def test_settings_are_watched_where_that_must_be_asked_for(client: JsonClient) -> None:
    workspace = {"configuration": True, "didChangeConfiguration": {"dynamicRegistration": True}}
    await client.start({"workspace": workspace})
    await client.until(lambda: len(client.requests) == 2)
    assert [one["method"] for one in client.requests] == [
        "client/registerCapability",
        "workspace/configuration",
    ]
    [registration] = client.requests[0]["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeConfiguration"


async def test_the_users_file_and_its_problems_are_read(
    client: JsonClient, bantam_directories: Directories
) -> None:
    bantam_directories.config.mkdir()
    bantam_directories.config_file.write_text("[completion]\nmax_tokens = 12\nmax_lines = 0\n")
    await client.start()
    await client.until(client.shown_messages)
    assert max_tokens(client) == 12
    assert "completion.max_lines" in client.shown_messages()[0]


async def test_a_fault_is_shown_once_until_things_work_again(
    client: JsonClient, engine: WritingEngine
) -> None:
    await client.start()
    died = ErrorReport(kind=ErrorKind.STOPPED, message="the engine died")
    full = ErrorReport(kind=ErrorKind.NO_CELLS, message="no room")

    async def ask(uri: str) -> Any:
        return await client.ask(GHOST, ghost(client.open("value = ‸\n", uri=uri)))

    for error, uri in [(full, "u:1"), (full, "u:2"), (died, "u:3"), (died, "u:4"), (full, "u:5")]:
        engine.error = error
        assert (await ask(uri))["items"] == []
    assert client.shown_messages() == ["Bantam: no room", "Bantam: the engine died"]
    engine.error = None
    assert (await ask("u:6"))["items"]
    engine.error = full
    await ask("u:7")
    assert len(client.shown_messages()) == 3


async def test_an_engine_that_ended_and_was_replaced_is_not_shown(
    client: JsonClient, engine: WritingEngine
) -> None:
    await client.start()
    for number in range(3):
        engine.error = ErrorReport(kind=ErrorKind.STOPPED, message="the engine died")
        await client.ask(GHOST, ghost(client.open("value = ‸\n", uri=f"u:fails {number}")))
        engine.error = None
        await client.ask(GHOST, ghost(client.open("value = ‸\n", uri=f"u:works {number}")))
    assert client.shown_messages() == []


def progress_kinds(client: JsonClient) -> list[str]:
    return [
        one["params"]["value"]["kind"]
        for one in client.notifications
        if one["method"] == "$/progress"
    ]


async def test_loading_is_shown_as_progress(client: JsonClient, engine: WritingEngine) -> None:
    engine.loading = [0.0, 0.25, 0.5]
    await client.start({"window": {"workDoneProgress": True}})
    await client.ask(GHOST, ghost(client.open("value = ‸\n")))
    await client.until(lambda: "end" in progress_kinds(client))
    kinds = progress_kinds(client)
    assert (kinds[0], kinds[-1]) == ("begin", "end")
    assert kinds.count("begin") == kinds.count("end") == 1
    [create] = client.requests
    assert create["method"] == "window/workDoneProgress/create"


async def test_clients_without_progress_are_left_alone(
    client: JsonClient, engine: WritingEngine
) -> None:
    engine.loading = [0.0, 0.5]
    await client.start()
    await client.ask(GHOST, ghost(client.open("value = ‸\n")))
    await asyncio.sleep(0)
    assert (client.requests, progress_kinds(client)) == ([], [])


async def test_a_remote_server_is_chosen_by_the_user_and_never_by_a_workspace() -> None:
    engines: list[tuple[str, WritingEngine]] = []

    def make_engine(settings: Settings) -> WritingEngine:
        engines.append((settings.remote.url, WritingEngine(texts=["x"])))
        return engines[-1][1]

    session = Session(EditorClient(BantamServer(make_engine)), make_engine, {})
    session.configuration.load({"remote": {"url": "https://own.example/v1"}})
    await session.apply_settings()
    first = session.completer.engine()
    session.configuration.take_workspace({"remote": {"url": "https://evil.example/v1"}})
    await session.apply_settings()
    assert session.completer.engine() is first
    session.configuration.load({})
    await session.apply_settings()
    assert session.completer.engine() is not first
    assert [url for url, _ in engines] == ["https://own.example/v1", ""]
    await session.aclose()

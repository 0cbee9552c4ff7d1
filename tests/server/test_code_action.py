"""Code actions in process: offers, resolving, commands, cancelling, changed documents."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from lsp_server.directories import Directories
from lsp_server.errors import EngineStoppedError, ModelLoadError
from tests.support.actions import TalkingEngine
from tests.support.lsp_in_process import URI, JsonClient, in_process

FULL: dict[str, Any] = {
    "textDocument": {
        "codeAction": {
            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": ["quickfix"]}},
            "disabledSupport": True,
            "dataSupport": True,
            "resolveSupport": {"properties": ["edit"]},
        }
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {"workspaceEdit": {"documentChanges": True}, "applyEdit": True},
}
BODY = "def add(a, b):\r\n    # 🦜\r\n    pa‸ss\r\n"
#: Nothing is known of this model before the engine has loaded it.
UNKNOWN: dict[str, object] = {"model.name": "unknown"}
CHANGED = -32801
CANCELLED = -32800
FAILED = -32803


def without(*path: str) -> dict[str, Any]:
    """Return the full capabilities without one."""
    capabilities = copy.deepcopy(FULL)
    inner = capabilities
    for key in path[:-1]:
        inner = inner[key]
    del inner[path[-1]]
    return capabilities


def asking(at: dict[str, Any], **context: Any) -> dict[str, Any]:
    place = at["position"]
    return {
        "textDocument": at["textDocument"],
        "range": {"start": place, "end": place},
        "context": {"diagnostics": [], **context},
    }


async def offers(client: JsonClient, at: dict[str, Any], **context: Any) -> dict[str, Any]:
    """Return the code actions at a place by their titles."""
    found = await client.ask("textDocument/codeAction", asking(at, **context))
    return {one["title"]: one for one in found}


async def test_what_a_place_offers_needs_no_engine() -> None:
    engine = TalkingEngine("return a + b\n")
    async with in_process(engine, UNKNOWN) as client:
        result = await client.start(FULL)
        assert result["capabilities"]["codeActionProvider"] == {
            "codeActionKinds": ["quickfix", "refactor.rewrite", "bantam.explain"],
            "resolveProvider": True,
        }
        found = await offers(client, client.open(BODY))
        assert list(found) == [
            "Bantam: Write the body of add",
            "Bantam: Write a docstring for add",
            "Bantam: Explain add",
        ]
        assert engine.requests == []
        assert engine.num_loads == 0


async def test_resolving_gives_a_versioned_edit_with_the_documents_line_endings() -> None:
    engine = TalkingEngine("c = a\n    return c + b\n")
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        action = await client.ask("codeAction/resolve", found["Bantam: Write the body of add"])
        [change] = action["edit"]["documentChanges"]
        assert change["textDocument"] == {"uri": URI, "version": 1}
        assert change["edits"] == [
            {
                "range": {
                    "start": {"line": 2, "character": 4},
                    "end": {"line": 2, "character": 8},
                },
                "newText": "c = a\r\n    return c + b",
            }
        ]
        assert engine.num_open == 0


async def test_client_without_document_changes_gets_plain_ones() -> None:
    async with in_process(TalkingEngine("return 1\n"), UNKNOWN) as client:
        await client.start(without("workspace", "workspaceEdit"))
        found = await offers(client, client.open(BODY))
        action = await client.ask("codeAction/resolve", found["Bantam: Write the body of add"])
        assert list(action["edit"]) == ["changes"]
        assert list(action["edit"]["changes"]) == [URI]


async def test_client_that_cannot_resolve_gets_a_command_that_applies_the_edit() -> None:
    async with in_process(TalkingEngine("return 1\n"), UNKNOWN) as client:
        await client.start(without("textDocument", "codeAction", "resolveSupport"))
        client.answers["workspace/applyEdit"] = {"applied": True}
        found = await offers(client, client.open(BODY))
        command = found["Bantam: Write the body of add"]["command"]
        assert command["command"] == "bantam.act"
        assert await client.ask("workspace/executeCommand", command) == {"applied": True}
        [asked] = [one for one in client.requests if one["method"] == "workspace/applyEdit"]
        assert "documentChanges" in asked["params"]["edit"]


async def test_client_that_knows_only_commands_gets_commands() -> None:
    async with in_process(TalkingEngine("return 1\n"), UNKNOWN) as client:
        await client.start({"workspace": {"applyEdit": True}})
        found = await offers(client, client.open(BODY))
        assert found["Bantam: Write the body of add"]["command"] == "bantam.act"


async def test_document_that_changed_since_the_offer_is_not_edited() -> None:
    async with in_process(TalkingEngine("return 1\n"), UNKNOWN) as client:
        await client.start(FULL)
        at = client.open(BODY)
        found = await offers(client, at)
        client.type("x", at, version=2)
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        assert (await client.response(msg_id))["error"]["code"] == CHANGED


async def test_document_that_changes_while_the_model_writes_is_not_edited() -> None:
    engine = TalkingEngine("return 1\n", pause_after=3)
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        at = client.open(BODY)
        found = await offers(client, at)
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        await client.until(lambda: engine.requests)
        client.type("x", at, version=2)
        engine.gate.set()
        assert (await client.response(msg_id))["error"]["code"] == CHANGED


async def test_cancelling_the_request_frees_the_engine() -> None:
    engine = TalkingEngine("return 1\n", pause_after=3)
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        await client.until(lambda: engine.requests)
        client.notify("$/cancelRequest", {"id": msg_id})
        assert (await client.response(msg_id))["error"]["code"] == CANCELLED
        await client.until(lambda: engine.num_open == 0)


async def test_progress_is_shown_and_can_cancel() -> None:
    engine = TalkingEngine("return 1 + 2 + 3 + 4\n", pause_after=17)
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        await client.until(lambda: "report" in kinds_of_progress(client))
        begin = progress(client)[0]
        assert begin["value"]["cancellable"]
        assert begin["value"]["title"] == "Write the body of add"
        assert progress(client)[-1]["value"]["message"].endswith(" tokens")
        client.notify("window/workDoneProgress/cancel", {"token": begin["token"]})
        assert (await client.response(msg_id))["error"]["code"] == CANCELLED
        await client.until(lambda: kinds_of_progress(client)[-1] == "end")
        assert engine.num_open == 0


async def test_what_came_to_nothing_is_an_error_with_a_remedy() -> None:
    async with in_process(TalkingEngine("\n"), UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        error = (await client.response(msg_id))["error"]
        assert error["code"] == FAILED
        assert "nothing was changed" in error["message"]


async def test_model_that_cannot_be_used_is_named() -> None:
    engine = TalkingEngine("", failure=ModelLoadError("the model m is broken: choose another"))
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
        assert "the model m is broken" in (await client.response(msg_id))["error"]["message"]


async def test_a_dead_engine_is_told_in_the_answer_and_its_log_in_one_message() -> None:
    engine = TalkingEngine("", failure=EngineStoppedError("it ended; see /home/me/engine.log"))
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        for _ in range(2):
            msg_id = client.send("codeAction/resolve", found["Bantam: Write the body of add"])
            message = (await client.response(msg_id))["error"]["message"]
            assert message.endswith(": it ended; see engine.log")
        assert client.shown_messages() == ["Bantam: it ended; see /home/me/engine.log"]


async def test_actions_that_the_model_cannot_do_are_disabled_or_left_out(
    tiny_model: Path,
) -> None:
    overrides: dict[str, object] = {"model.name": str(tiny_model)}
    async with in_process(TalkingEngine(""), overrides) as client:
        await client.start(FULL)
        found = await offers(client, client.open(BODY))
        assert "base model" in found["Bantam: Explain add"]["disabled"]["reason"]
        assert "command" not in found["Bantam: Explain add"]
        assert "disabled" not in found["Bantam: Write the body of add"]
    async with in_process(TalkingEngine(""), overrides) as client:
        await client.start(without("textDocument", "codeAction", "disabledSupport"))
        assert "Bantam: Explain add" not in await offers(client, client.open(BODY))


async def test_only_the_kinds_that_are_asked_for() -> None:
    async with in_process(TalkingEngine(""), UNKNOWN) as client:
        await client.start(FULL)
        at = client.open(BODY)
        assert len(await offers(client, at, only=["refactor"])) == 2
        assert await offers(client, at, only=["source.organizeImports"]) == {}


async def test_fix_takes_the_diagnostic_of_the_client_along() -> None:
    engine = TalkingEngine("def add(a, b):\n    return a + b\n```", info={"has_chat": True})
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        at = client.open("def add(a, b):\n    return a + ‸c\n")
        diagnostic = {
            "range": {"start": {"line": 1, "character": 15}, "end": {"line": 1, "character": 16}},
            "message": "c is not defined",
            "source": "pyright",
            "data": {"any": "thing"},
        }
        found = await offers(client, at, diagnostics=[diagnostic])
        fix = found["Bantam: Fix: c is not defined"]
        assert fix["kind"] == "quickfix"
        assert fix["diagnostics"] == [diagnostic]
        action = await client.ask("codeAction/resolve", fix)
        [edit] = action["edit"]["documentChanges"][0]["edits"]
        assert edit["newText"] == "    return a + b"
        assert "c is not defined" in engine.prompt


async def test_explaining_opens_a_file_and_answers_the_text(
    bantam_directories: Directories,
) -> None:
    engine = TalkingEngine("It adds.", info={"has_chat": True})
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        client.answers["window/showDocument"] = {"success": True}
        found = await offers(client, client.open(BODY))
        answer = await client.ask(
            "workspace/executeCommand", found["Bantam: Explain add"]["command"]
        )
        assert answer == {"markdown": "It adds.\n"}
        [asked] = [one for one in client.requests if one["method"] == "window/showDocument"]
        assert client.shown_messages() == []
    [path] = (bantam_directories.state / "explanations").iterdir()
    assert asked["params"]["uri"] == path.as_uri()
    assert path.read_text(encoding="utf-8") == "# Explain add\n\nIt adds.\n"


async def test_explaining_without_show_document_shows_the_beginning() -> None:
    engine = TalkingEngine("\n".join(f"line {n}" for n in range(40)), info={"has_chat": True})
    async with in_process(engine, UNKNOWN) as client:
        await client.start(without("window", "showDocument"))
        found = await offers(client, client.open(BODY))
        await client.ask("workspace/executeCommand", found["Bantam: Explain add"]["command"])
        [message] = client.shown_messages()
        assert message.startswith("line 0\n")
        assert message.endswith("line 7\n…")


async def test_edit_command_does_what_a_person_says() -> None:
    engine = TalkingEngine("def add(a, b):\n    return b + a\n```", info={"has_chat": True})
    async with in_process(engine, UNKNOWN) as client:
        await client.start(FULL)
        client.answers["workspace/applyEdit"] = {"applied": False}
        at = client.open("def add(a, b):\n    return a‸ + b\n")
        place = at["position"]
        argument = {
            "uri": URI,
            "range": {"start": place, "end": place},
            "instruction": "swap them",
        }
        params = {"command": "bantam.edit", "arguments": [argument]}
        assert await client.ask("workspace/executeCommand", params) == {"applied": False}
        assert "swap them" in engine.prompt


@pytest.mark.parametrize("arguments", [[], [1], [{"uri": URI}], [{}, {}]])
async def test_commands_refuse_what_they_cannot_read(arguments: list[Any]) -> None:
    async with in_process(TalkingEngine(""), UNKNOWN) as client:
        await client.start(FULL)
        for command in ("bantam.act", "bantam.edit", "bantam.explain"):
            msg_id = client.send(
                "workspace/executeCommand", {"command": command, "arguments": arguments}
            )
            assert (await client.response(msg_id))["error"]["code"] == -32602


def progress(client: JsonClient) -> list[dict[str, Any]]:
    return [
        one["params"]
        for one in client.notifications
        if one["method"] == "$/progress" and "action" in one["params"]["token"]
    ]


def kinds_of_progress(client: JsonClient) -> list[str]:
    return [one["value"]["kind"] for one in progress(client)]

"""Code actions over stdio: offered, resolved by a real engine process, cancelled, refused."""

from __future__ import annotations

import ast
import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from lsp_server.directories import Directories
from tests.support.chat_model import write_chat_model
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.lsp_session import (
    EDITOR,
    LspSession,
    OpenDocument,
    eventually,
    lsp_session,
    num_running,
)

pytestmark = pytest.mark.e2e

ACTING = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        code_action=types.CodeActionClientCapabilities(
            code_action_literal_support=types.ClientCodeActionLiteralOptions(
                types.ClientCodeActionKindOptions(list(types.CodeActionKind))
            ),
            disabled_support=True,
            data_support=True,
            resolve_support=types.ClientCodeActionResolveOptions(["edit"]),
        )
    ),
    window=types.WindowClientCapabilities(
        work_done_progress=True, show_document=types.ShowDocumentClientCapabilities(support=True)
    ),
    workspace=types.WorkspaceClientCapabilities(
        configuration=True,
        apply_edit=True,
        workspace_edit=types.WorkspaceEditClientCapabilities(document_changes=True),
    ),
)
BODY = "def add(a, b):\n    pa‸ss\n"
CODES = types.LSPErrorCodes


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


def options(model: str) -> dict[str, Any]:
    return {"model": {"name": model}}


async def offers(
    session: LspSession, document: OpenDocument, diagnostics: list[types.Diagnostic] | None = None
) -> dict[str, types.CodeAction]:
    """Return the code actions at the cursor by title."""
    at = session.position(document)
    found = await session.client.text_document_code_action_async(
        types.CodeActionParams(
            types.TextDocumentIdentifier(document.uri),
            types.Range(at, at),
            types.CodeActionContext(diagnostics or []),
        )
    )
    actions = map(code_action_of, found or [])
    return {action.title.removeprefix("Bantam: "): action for action in actions}


def code_action_of(found: types.CodeAction | types.Command) -> types.CodeAction:
    """Return a code action; the test client takes one that has a command for a command."""
    if isinstance(found, types.CodeAction):
        return found
    raw = ast.literal_eval(found.command)
    command = types.Command(title=raw["title"], command=raw["command"], arguments=raw["arguments"])
    return types.CodeAction(title=found.title, command=command)


async def execute(session: LspSession, action: types.CodeAction) -> Any:
    """Run the command of an action."""
    assert action.command is not None
    return await session.client.workspace_execute_command_async(
        types.ExecuteCommandParams(action.command.command, action.command.arguments)
    )


def resolve(session: LspSession, action: types.CodeAction) -> asyncio.Future[types.CodeAction]:
    """Ask for the edit of an action; `session.cancel_latest` cancels it."""
    return asyncio.ensure_future(
        session.client.protocol.send_request_async(
            types.CODE_ACTION_RESOLVE, action, msg_id=session.next_id()
        )
    )


def applied(session: LspSession, document: OpenDocument, action: types.CodeAction) -> str:
    """Return the document after the one edit of an action, which names the version."""
    assert action.edit is not None
    assert action.edit.document_changes is not None
    [change] = action.edit.document_changes
    assert isinstance(change, types.TextDocumentEdit)
    assert change.text_document == types.OptionalVersionedTextDocumentIdentifier(
        document.uri, document.version
    )
    [edit] = change.edits
    places = range(len(document.text) + 1)
    start, end = (
        next(at for at in places if session.position(document, at) == wanted)
        for wanted in (edit.range.start, edit.range.end)
    )
    return document.text[:start] + str(getattr(edit, "new_text", "")) + document.text[end:]


async def test_offers_start_no_engine(bantam_directories: Directories) -> None:
    async with lsp_session(capabilities=ACTING, options=options("fake")) as session:
        found = await offers(session, session.open(BODY))
        assert list(found) == [
            "Write the body of add",
            "Write a docstring for add",
            "Explain add",
        ]
        assert engines_of(bantam_directories) == []


async def test_body_is_written_with_progress() -> None:
    async with lsp_session(capabilities=ACTING, options=options("fake")) as session:
        document = session.open(BODY)
        found = await offers(session, document)
        action = await resolve(session, found["Write the body of add"])
        assert applied(session, document, action) == "def add(a, b):\n    return a + b\n"
        await eventually(lambda: action_progress(session)[-1:] == ["end"])
        assert action_progress(session)[0] == "begin"


async def test_cancelling_frees_the_engine() -> None:
    async with lsp_session(capabilities=ACTING, options=options("fake:slow")) as session:
        filler = "x = 'a long line of text that takes its time'\n" * 20
        document = session.open(f"{filler}\n\ndef add(a, b):\n    return ‸a\n")
        found = await offers(session, document)
        answer = resolve(session, found["Write a docstring for add"])
        await eventually(has_one_running)
        session.cancel_latest()
        with pytest.raises(JsonRpcException) as caught:
            await answer
        assert caught.value.code == CODES.RequestCancelled
        await eventually(has_none_running)


async def test_document_that_changed_is_not_edited() -> None:
    async with lsp_session(capabilities=ACTING, options=options("fake")) as session:
        document = session.open(BODY)
        found = await offers(session, document)
        session.type(document, "x")
        with pytest.raises(JsonRpcException) as caught:
            await resolve(session, found["Write the body of add"])
        assert caught.value.code == CODES.ContentModified


async def test_chat_fixes_a_diagnostic_and_explains(bantam_directories: Directories) -> None:
    async with lsp_session(capabilities=ACTING, options=options("fake:chat")) as session:
        document = session.open("def add(a, b):\n    return a + ‸c\n")
        at = session.position(document)
        diagnostic = types.Diagnostic(
            types.Range(at, types.Position(at.line, at.character + 1)), "c is not defined"
        )
        found = await offers(session, document, [diagnostic])
        action = await resolve(session, found["Fix: c is not defined"])
        assert applied(session, document, action) == "def add(a, b):\n    return a + b\n"
        answer = await execute(session, found["Explain add"])
        assert "It adds two numbers." in answer["markdown"]
        [shown] = (bantam_directories.state / "explanations").iterdir()
        assert "It adds two numbers." in shown.read_text(encoding="utf-8")


async def test_plain_client_gets_commands_and_its_document_is_left_alone() -> None:
    async with lsp_session(capabilities=EDITOR, options=options("fake")) as session:
        document = session.open(BODY)
        at = session.position(document)
        found = await session.client.text_document_code_action_async(
            types.CodeActionParams(
                types.TextDocumentIdentifier(document.uri),
                types.Range(at, at),
                types.CodeActionContext([]),
            )
        )
        [command] = [one for one in found or [] if "body" in one.title]
        assert isinstance(command, types.Command)
        with pytest.raises(JsonRpcException, match="neither resolve code actions nor apply"):
            await session.client.workspace_execute_command_async(
                types.ExecuteCommandParams(command.command, command.arguments)
            )


async def test_a_real_chat_template_is_used(tmp_path: Path) -> None:
    """Random weights write nothing of use: what counts is that the request is understood."""
    write_chat_model(tmp_path / "chat.gguf")
    async with lsp_session(
        capabilities=ACTING, options=options(str(tmp_path / "chat.gguf"))
    ) as session:
        document = session.open("def add(a, b):\n    return a + ‸c  # <|im_end|>\n")
        action = (await offers(session, document))["Explain add"]
        assert action.disabled is None
        answer = await execute(session, action)
        assert answer["markdown"].strip()


@pytest.mark.real_model
async def test_embedded_model_writes_body_and_docstring(embedded_model: Path) -> None:
    async with lsp_session(capabilities=ACTING, options=options(str(embedded_model))) as session:
        source = (
            "class Stack:\n"
            "    def __init__(self):\n"
            "        self.items = []\n"
            "\n"
            "    def push(self, item):\n"
            "        pa‸ss\n"
        )
        document = session.open(source)
        found = await offers(session, document)
        body = applied(session, document, await resolve(session, found["Write the body of push"]))
        push = functions_of(body)["push"]
        assert not isinstance(push.body[0], ast.Pass)
        documented = applied(
            session, document, await resolve(session, found["Write a docstring for push"])
        )
        assert ast.get_docstring(functions_of(documented)["push"])
        disabled = found["Explain push"].disabled
        assert disabled is not None
        assert "base model" in disabled.reason


def functions_of(source: str) -> dict[str, ast.FunctionDef]:
    nodes = ast.walk(ast.parse(source))
    return {node.name: node for node in nodes if isinstance(node, ast.FunctionDef)}


def action_progress(session: LspSession) -> list[str]:
    """Return the kinds of progress that code actions reported."""
    return [
        str(getattr(value, "kind", ""))
        for token, values in session.client.progress_reports.items()
        if "action" in str(token)
        for value in values
    ]


async def has_one_running() -> bool:
    return await num_running() == 1


async def has_none_running() -> bool:
    return await num_running() == 0

"""A real `bantam serve` in a process of its own, driven over stdio by pytest-lsp."""

from __future__ import annotations

import asyncio
import itertools
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient

from lsp_server.directories import directories
from lsp_server.engine.client import EngineClient
from lsp_server.engine.status import LoadedModel
from lsp_server.errors import EngineStartError
from tests.support.documents import MarkedText, unmark

SERVE = [str(Path(sys.executable).with_name("bantam")), "serve"]

#: What VS Code and Neovim say of themselves, as far as it matters here.
EDITOR = types.ClientCapabilities(
    text_document=types.TextDocumentClientCapabilities(
        inline_completion=types.InlineCompletionClientCapabilities()
    ),
    window=types.WindowClientCapabilities(work_done_progress=True),
    workspace=types.WorkspaceClientCapabilities(configuration=True),
)
#: The machine may be busy with a build; what is waited for normally takes a second.
DEADLINE_S = 90.0


def speaking(encoding: types.PositionEncodingKind) -> types.ClientCapabilities:
    """Return the editor's capabilities with one position encoding."""
    general = types.GeneralClientCapabilities(position_encodings=[encoding])
    return types.ClientCapabilities(
        text_document=EDITOR.text_document,
        window=EDITOR.window,
        workspace=EDITOR.workspace,
        general=general,
    )


@dataclass
class OpenDocument:
    """A document that the client has open, and where its cursor is."""

    uri: str
    text: str
    cursor: int
    version: int = 1


@dataclass
class LspSession:
    """An editor's window.

    Attributes:
        client: The client of pytest-lsp, for everything that has no shorter way here.
        encoding: Of positions.
    """

    client: LanguageClient
    encoding: str = "utf-16"
    _ids: Any = field(default_factory=itertools.count)

    def open(self, marked: str | Path, uri: str = "untitled:Untitled-1") -> OpenDocument:
        """Open a document with a cursor mark."""
        document: MarkedText = unmark(marked if isinstance(marked, str) else marked.read_text())
        item = types.TextDocumentItem(uri, "python", 1, document.text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))
        return OpenDocument(uri, document.text, document.cursor)

    def type(self, document: OpenDocument, text: str) -> None:
        """Insert text at the cursor."""
        at = self.position(document)
        change = types.TextDocumentContentChangePartial(types.Range(at, at), text)
        document.text = document.text[: document.cursor] + text + document.text[document.cursor :]
        document.cursor += len(text)
        document.version += 1
        identifier = types.VersionedTextDocumentIdentifier(document.version, document.uri)
        self.client.text_document_did_change(
            types.DidChangeTextDocumentParams(identifier, [change])
        )

    def position(self, document: OpenDocument, offset: int | None = None) -> types.Position:
        """Return a position, by default the cursor's, in the client's code units."""
        before = document.text[: document.cursor if offset is None else offset]
        line = before.count("\n")
        head = before.rpartition("\n")[2]
        unit_bytes = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[self.encoding]
        name = self.encoding if unit_bytes == 1 else f"{self.encoding}-le"
        return types.Position(line, len(head.encode(name)) // unit_bytes)

    def ask(
        self, document: OpenDocument, *, is_automatic: bool = False
    ) -> asyncio.Future[types.InlineCompletionList]:
        """Ask for ghost text at the cursor."""
        kinds = types.InlineCompletionTriggerKind
        params = types.InlineCompletionParams(
            types.InlineCompletionContext(kinds.Automatic if is_automatic else kinds.Invoked),
            types.TextDocumentIdentifier(document.uri),
            self.position(document),
        )
        return asyncio.ensure_future(
            self.client.protocol.send_request_async(
                types.TEXT_DOCUMENT_INLINE_COMPLETION, params, msg_id=self.next_id()
            )
        )

    def next_id(self) -> str:
        """Return the id that the next request gets."""
        self.latest_id = f"R{next(self._ids)}"
        return self.latest_id

    def cancel_latest(self) -> None:
        """Cancel the latest question for ghost text."""
        self.client.cancel_request(types.CancelParams(self.latest_id))

    async def ghost_text(self, document: OpenDocument) -> types.InlineCompletionItem:
        """Return the one suggestion for the cursor."""
        items = (await self.ask(document)).items
        assert len(items) == 1, f"{len(items)} suggestions; messages: {self.messages}"
        return items[0]

    async def accept(self, document: OpenDocument) -> str:
        """Return the document after the one suggestion was taken."""
        item = await self.ghost_text(document)
        assert item.range is not None
        assert item.range.start == self.position(document)
        offsets = range(document.cursor, len(document.text) + 1)
        end = next(at for at in offsets if self.position(document, at) == item.range.end)
        return document.text[: document.cursor] + str(item.insert_text) + document.text[end:]

    @property
    def messages(self) -> list[str]:
        """What the server has shown."""
        return [message.message for message in self.client.messages]


@asynccontextmanager
async def lsp_session(
    *,
    capabilities: types.ClientCapabilities = EDITOR,
    options: dict[str, Any] | None = None,
    configuration: dict[str, Any] | None = None,
) -> AsyncIterator[LspSession]:
    """Start a server, initialise it, and end it by the book.

    Args:
        capabilities: What the client says of itself.
        options: Initialization options.
        configuration: The client's answer to `workspace/configuration`.
    """
    client = await ClientServerConfig(server_command=SERVE).start()
    assert isinstance(client, LanguageClient)
    client.set_configuration({"bantam": configuration or {}})
    try:
        result = await client.initialize_session(
            types.InitializeParams(capabilities=capabilities, initialization_options=options)
        )
        encoding = result.capabilities.position_encoding or "utf-16"
        yield LspSession(client, getattr(encoding, "value", encoding))
        await client.shutdown_session()
    except BaseException:
        # `stop` waits for the process, which nobody has told to end when a test has failed.
        if client._server is not None and client._server.returncode is None:
            client._server.kill()
        raise
    finally:
        await client.stop()


async def loaded_models() -> tuple[LoadedModel, ...]:
    """Return what the engine says of its models; none if no engine runs yet."""
    client = EngineClient(directories(), start=False)
    try:
        return (await client.status()).models
    except EngineStartError:
        return ()
    finally:
        await client.aclose()


async def num_running() -> int:
    """Return how many requests hold KV cells in the engine."""
    return sum(model.num_running for model in await loaded_models())


async def num_steps() -> int:
    """Return how many steps the engine has made."""
    return sum(sum(model.step_seconds.counts) for model in await loaded_models())


async def eventually(condition: Callable[[], Any]) -> None:
    """Wait until a condition, which may be a coroutine function, holds.

    Raises:
        TimeoutError: It did not come to hold.
    """
    async with asyncio.timeout(DEADLINE_S):
        while True:
            holds = condition()
            if asyncio.iscoroutine(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.02)

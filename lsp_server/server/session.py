"""Everything that one connected editor has here, from `initialize` to `shutdown`."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from lsprotocol import types

from lsp_server.completion.query import CompletionOutcome, CompletionQuery, OutcomeReason
from lsp_server.engine.api import Engine
from lsp_server.engine.choice import named_for_people
from lsp_server.engine.error_reports import report_of
from lsp_server.errors import BantamError
from lsp_server.server.action_desk import ActionDesk
from lsp_server.server.client import EditorClient
from lsp_server.server.completer import Completer
from lsp_server.server.configuration import Configuration
from lsp_server.server.faults import FaultReporter
from lsp_server.server.feedback import Feedback
from lsp_server.server.loading_progress import LoadingProgress
from lsp_server.server.paths import shown_path, without_paths
from lsp_server.server.protocol.documents import Document, DocumentStore
from lsp_server.server.protocol.logs import set_log_level
from lsp_server.server.protocol.positions import PositionCodec
from lsp_server.server.tasks import BackgroundTasks
from lsp_server.settings.schema import Settings

#: After these outcomes the engine is known to work.
_ENGINE_WORKS = {OutcomeReason.SHOWN, OutcomeReason.EMPTY, OutcomeReason.FILTERED}
#: So many documents are named in a message.
_MAX_NAMES = 3


class Session:
    """The collaborators of the request handlers, put together once.

    Attributes:
        client: The editor.
        documents: What it has open.
        codec: Converts positions in the encoding that was agreed on.
        configuration: The settings that count.
        completer: Engine and pipeline.
        actions: Code actions.
        feedback: What became of shown suggestions.
        faults: What the person was told of things that do not work.
        tasks: Work that no request waits for.
    """

    def __init__(
        self,
        client: EditorClient,
        make_engine: Callable[[Settings], Engine],
        overrides: Mapping[str, object],
    ) -> None:
        """Put the parts together; nothing is loaded or started.

        Args:
            client: The editor.
            make_engine: Returns the engine that answers with these settings.
            overrides: Settings from the command line, by key.
        """
        self.client = client
        self.documents = DocumentStore()
        self.codec = PositionCodec(types.PositionEncodingKind.Utf16)
        self.configuration = Configuration(overrides, client.show_warning)
        self.tasks = BackgroundTasks()
        loading = LoadingProgress(client, self.tasks)
        self.completer = Completer(make_engine, loading.show)
        self.actions = ActionDesk(self.completer.engine, loading.show)
        self.feedback = Feedback()
        self.faults = FaultReporter(client.show_error)
        self._closing: asyncio.Task[None] | None = None

    async def apply_settings(self) -> None:
        """Let the settings that count now take effect."""
        set_log_level(self.configuration.settings.log.level)
        settings = named_for_people(self.configuration.settings)
        # At once, so that no action begins with one's engine and the other's settings.
        await asyncio.gather(self.completer.use(settings), self.actions.use(settings))

    @property
    def is_popup_on(self) -> bool:
        """Whether popup completions come from the model."""
        popup = self.configuration.settings.completion.popup
        return popup == "on" or (popup == "auto" and not self.client.has_inline_completion)

    async def complete(self, query: CompletionQuery, document: Document) -> CompletionOutcome:
        """Answer a question about a document, and tell the person about faults."""
        number = self.faults.begin()
        pipeline = await self.completer.pipeline()
        outcome = await pipeline.complete(
            query, is_current=lambda: self.documents.is_current(document)
        )
        if outcome.error is not None:
            self.faults.failed(number, outcome.error)
        elif outcome.reason in _ENGINE_WORKS:
            self.faults.worked(number)
        return outcome

    def tell(self, number: int, error: BantamError) -> str:
        """Return the message of an error for an answer, which names no folders.

        The person is shown the whole message, once, if it says more than that.

        Args:
            number: What `faults` calls the request.
            error: What ended it.
        """
        message = without_paths(str(error))
        if message != str(error):
            self.faults.failed(number, report_of(error))
        return message

    def lose_text(self, uri: str | None) -> None:
        """Take note that a document's text is not known any more, and tell the person why.

        Args:
            uri: The document; `None` if it may be any of those that are open.
        """
        uris = [one.uri for one in self.documents.all()] if uri is None else [uri]
        lost = [one for one in uris if self.documents.lose(one)]
        for one in lost:
            self.completer.forget(one)
        if lost:
            self.client.show_warning(self._words_on_lost_text(lost, is_sure=uri is not None))

    def _words_on_lost_text(self, uris: list[str], *, is_sure: bool) -> str:
        names = [shown_path(uri, self.client.folders.uris) or uri for uri in uris]
        listed = ", ".join(names[:_MAX_NAMES])
        if len(names) > _MAX_NAMES:
            listed += f" and {len(names) - _MAX_NAMES} more"
        what = f"{listed}, or an edit of it," if is_sure else "a message, perhaps an edit,"
        return (
            f"Bantam: the editor sent {what} in a form that cannot be read, so the text is not "
            f"known any more; nothing is suggested in {listed} until it is closed and opened again"
        )

    def start_closing(self) -> None:
        """End everything that runs, without waiting for it; may be called twice."""
        if self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(self._close())

    async def aclose(self) -> None:
        """End everything that runs; may be called twice."""
        self.start_closing()
        if self._closing is not None:
            await self._closing

    async def _close(self) -> None:
        await self.actions.aclose()
        # Questions that nobody waits for go before what answers them, progress bars after it.
        await self.tasks.aclose()
        await self.completer.aclose()
        await self.tasks.aclose()

"""Context for a prompt: `lsp_server.context` asked away from the event loop."""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from lsp_server.completion.cursor import Cursor
from lsp_server.context.gather import Gatherer
from lsp_server.context.keeper import ContextKeeper
from lsp_server.context.query import Block, ContextQuery
from lsp_server.engine.model_info import ModelInfo
from lsp_server.settings.schema import CompletionSettings

LOGGER = logging.getLogger(__name__)

#: Context takes no more than this share of the model's context.
MAX_SHARE_OF_CONTEXT = 0.25

#: Sets of workspace folders whose files are known at the same time.
_MAX_WORKSPACES = 4


def context_budget(cursor: Cursor, info: ModelInfo, settings: CompletionSettings) -> int:
    """Return how many tokens of the prompt are for context."""
    if cursor.project is None:
        return 0
    return min(settings.context_tokens, int(info.context_tokens * MAX_SHARE_OF_CONTEXT))


class ContextSource:
    """Gathers context, one question at a time, in a thread of its own.

    Parsing holds the interpreter's lock, so a second thread would gain nothing.

    Attributes:
        settings: How much is gathered in which time.
    """

    def __init__(self, settings: CompletionSettings) -> None:
        self.settings = settings
        self._keepers: OrderedDict[tuple[Path, ...], ContextKeeper] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="bantam-context")

    async def blocks(self, cursor: Cursor, info: ModelInfo) -> tuple[Block, ...]:
        """Return what to show the model before the document; nothing without a project.

        A fault in gathering is logged and costs the context, never the completion.
        """
        budget_tokens = context_budget(cursor, info, self.settings)
        if cursor.project is None or budget_tokens == 0:
            return ()
        query = ContextQuery(
            path=cursor.project.file,
            text=cursor.text,
            cursor=cursor.offset,
            budget_tokens=budget_tokens,
            language_id=cursor.language,
            window=(
                max(0, cursor.offset - self.settings.prefix_chars),
                min(len(cursor.text), cursor.offset + self.settings.suffix_chars),
            ),
            open_texts=cursor.project.open_texts,
            deadline_ms=self.settings.context_ms,
            count=lambda text: int(len(text) / info.chars_per_token) + 1,
            syntax=cursor.syntax,
        )
        keeper = self._keeper(cursor.project.roots)
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._thread, keeper.blocks, query)
        except Exception as error:  # noqa: BLE001 - the border of gathering
            # The message could quote the document, and logs hold no source text.
            LOGGER.warning("context could not be gathered: %s", type(error).__name__)
            return ()

    def saved(self, path: Path) -> None:
        """Take note that a file changed on disk."""
        for keeper in self._keepers.values():
            self._thread.submit(keeper.saved, path)

    def close(self) -> None:
        """End the thread; what waits in it is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _keeper(self, roots: tuple[Path, ...]) -> ContextKeeper:
        if roots not in self._keepers:
            self._keepers[roots] = ContextKeeper(Gatherer(roots))
        self._keepers.move_to_end(roots)
        while len(self._keepers) > _MAX_WORKSPACES:
            self._keepers.popitem(last=False)
        return self._keepers[roots]

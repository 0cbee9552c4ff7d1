"""`bantam serve` with the probes, and without an engine."""

from __future__ import annotations

import asyncio
from typing import Any
from unittest import mock

from lsp_server.server import conversation
from lsp_server.server.start import serve_stdio
from lsp_server.server.wiring import BantamServer
from tests.support.completion import WritingEngine
from tests.support.guard_probes import block, register_probes


class ProbedServer(BantamServer):
    """Has one handler per probe, without any border around it."""

    def __init__(self, *arguments: Any) -> None:
        super().__init__(lambda settings: WritingEngine(texts=["return a + b"]))
        register_probes(self, self._text_of)

        @self.feature("probe/block")
        async def block_thread(params: Any) -> bool:
            return await asyncio.to_thread(block, params.timeout_s)

    def _text_of(self, uri: str) -> str:
        document = self.session.documents.get(uri)
        assert document is not None
        return document.text


if __name__ == "__main__":
    with mock.patch.object(conversation, "BantamServer", ProbedServer):
        serve_stdio()

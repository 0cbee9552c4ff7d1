"""A server on pygls as it comes, with the probes: what the guards of Bantam are measured by."""

from __future__ import annotations

import logging
from typing import Any

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from tests.support.guard_probes import block, register_probes


def main() -> None:
    """Serve standard input and output."""
    logging.basicConfig(level=logging.INFO)
    server = LanguageServer("plain", "1")
    register_probes(server, lambda uri: server.workspace.get_text_document(uri).source)

    @server.feature("probe/block")
    @server.thread()
    def block_thread(params: Any) -> bool:
        return block(params.timeout_s)

    @server.feature(types.TEXT_DOCUMENT_INLINE_COMPLETION)
    async def inline_completion(params: types.InlineCompletionParams) -> types.InlineCompletionList:
        return types.InlineCompletionList(items=[])

    server.start_io()


if __name__ == "__main__":
    main()

"""Popup completions from a real server and a real engine process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lsprotocol import types

from lsp_server.directories import Directories
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import LspSession, OpenDocument, eventually, lsp_session

pytestmark = pytest.mark.e2e

#: An editor that has popups only.
PLAIN = types.ClientCapabilities()


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def popup(session: LspSession, document: OpenDocument) -> types.CompletionList:
    answer = await session.client.text_document_completion_async(
        types.CompletionParams(
            types.TextDocumentIdentifier(document.uri), session.position(document)
        )
    )
    assert isinstance(answer, types.CompletionList)
    return answer


async def test_a_popup_does_not_wait_and_is_complete_the_next_time() -> None:
    options = {"model": {"name": "fake:slow"}, "completion": {"popup_ms": 10}}
    async with lsp_session(capabilities=PLAIN, options=options) as session:
        document = session.open("value = ‸\n")
        first = await popup(session, document)
        assert (first.is_incomplete, len(first.items)) == (True, 0)
        found: list[types.CompletionItem] = []

        async def is_there() -> bool:
            answer = await popup(session, document)
            found[:] = answer.items
            return not answer.is_incomplete

        await eventually(is_there)
        [item] = found
        assert item.label == "line_0 = 0"
        session.type(document, "line")
        [item] = (await popup(session, document)).items
        assert isinstance(item.text_edit, types.TextEdit)
        assert item.text_edit.new_text == "line_0 = 0"


async def test_editors_with_ghost_text_get_no_popup_items() -> None:
    async with lsp_session(options={"model": {"name": "fake"}}) as session:
        answer = await popup(session, session.open("value = ‸\n"))
        assert (answer.is_incomplete, len(answer.items)) == (False, 0)

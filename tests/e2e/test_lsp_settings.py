"""Settings on their way to a real server."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lsprotocol import types

from lsp_server.directories import Directories
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import eventually, lsp_session

pytestmark = pytest.mark.e2e

FAKE = {"model": {"name": "fake"}}


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def test_settings_come_from_file_options_and_workspace(
    bantam_directories: Directories,
) -> None:
    bantam_directories.config.mkdir()
    bantam_directories.config_file.write_text(
        "[model]\nname = 'fake'\n[completion]\nmax_tokens = 3\n"
    )
    async with lsp_session(configuration={"completion": {"max_tokens": 6}}) as session:

        async def is_cut_after_six() -> bool:
            # Another document each time: an answer that is remembered was not asked again.
            uri = f"untitled:{session.next_id()}"
            text = (await session.ghost_text(session.open("value = ‸\n", uri=uri))).insert_text
            # The first token is the blank before the cursor, which is not said again.
            assert text in {"re", "retur"}
            return text == "retur"

        await eventually(is_cut_after_six)


async def test_bad_values_are_shown_and_a_workspace_cannot_choose_the_model() -> None:
    configuration = {"model": {"name": "/evil.gguf"}, "completion": {"max_lines": 0}}
    async with lsp_session(options=FAKE, configuration=configuration) as session:
        await eventually(lambda: len(session.messages) == 2)
        texts = sorted(session.messages)
        assert "completion.max_lines" in texts[0]
        assert "model.name" in texts[1]
        session.client.workspace_did_change_configuration(
            types.DidChangeConfigurationParams(settings=None)
        )
        item = await session.ghost_text(session.open("def add(a, b):\n    ‸\n"))
        assert item.insert_text == "return a + b"
        assert len(session.messages) == 2

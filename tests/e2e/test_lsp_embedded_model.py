"""What a person sees first: the embedded model completes a real file through a real server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types

from lsp_server.directories import Directories
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import LspSession, eventually, lsp_session, speaking

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

#: Places where every model of Python that deserves the name says the same.
SURE_PLACES = [
    ("import os\n\n\ndef main() -> None:\n    for i in ran‸\n", "range("),
    ("class Point:\n    def __init__(sel‸\n", "__init__(self"),
    ("import os\n\npath = os.path.jo‸\n", "os.path.join("),
]


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def options(embedded_model: Path) -> dict[str, object]:
    return {"model": {"name": str(embedded_model)}}


async def test_it_completes_files_where_the_answer_is_sure(
    options: dict[str, object], tmp_path: Path
) -> None:
    async with lsp_session(options=options) as session:
        for number, (marked, said) in enumerate(SURE_PLACES):
            file = tmp_path / f"file_{number}.py"
            file.write_text(marked)
            document = session.open(file, uri=file.as_uri())
            completed = await session.accept(document)
            line = completed[: completed.index("\n", document.cursor)].rpartition("\n")[2]
            assert said in line
        assert session.messages == []
        await eventually(lambda: progress_kinds(session)[-1:] == ["end"])


async def test_windows_line_endings_and_emoji_change_nothing(
    options: dict[str, object],
) -> None:
    marked, said = SURE_PLACES[0]
    windows = "# 🦜 漢字\n".replace("\n", "\r\n") + marked.replace("\n", "\r\n")
    capabilities = speaking(types.PositionEncodingKind.Utf8)
    async with lsp_session(capabilities=capabilities, options=options) as session:
        completed = await session.accept(session.open(windows))
        assert said in completed
        assert "\n" not in completed.replace("\r\n", "")


async def test_a_marker_in_the_source_is_text(options: dict[str, object]) -> None:
    marked, said = SURE_PLACES[0]
    async with lsp_session(options=options) as session:
        document = session.open(f"# <｜fim▁begin｜> <｜fim▁hole｜>\n{marked}# <｜fim▁end｜>\n")
        assert said in await session.accept(document)


def progress_kinds(session: LspSession) -> list[str]:
    reports: dict[Any, list[Any]] = session.client.progress_reports
    return [str(value.kind) for values in reports.values() for value in values]

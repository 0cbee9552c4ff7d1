"""Documents that could end the engine or hold it up, through a real server and a real model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.shared.ending import engine_pid
from lsp_server.engine.shared.runtime_folder import runtime_folder
from tests.support.engine_processes import no_engine_left
from tests.support.lsp_session import lsp_session

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

#: llama.cpp's pre-tokenizer ends the process at some 30,000 characters without a break.
DOCUMENTS = {
    "word": "x = '" + "a" * 1_000_000 + "‸\n",
    "digits": "x = " + "7" * 1_000_000 + "‸\n",
    "emoji": "x = '" + "🦜" * 200_000 + "‸\n",
    "brackets": "x = " + "(" * 1_000_000 + "‸\n",
    "blanks": "x =" + " " * 1_000_000 + "‸\n",
    "behind": "x = ‸\n" + "y" * 1_000_000,
    "zeros": "x = '" + "\0" * 100_000 + "‸\n",
    "marks": "x = '" + "e\u0301\u0302" * 100_000 + "‸\n",
}


@pytest.fixture(autouse=True)
def _engine_ends(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def test_long_runs_of_characters_reach_the_model_in_their_window(
    embedded_model: Path, bantam_directories: Directories
) -> None:
    settings = {"prefix_chars": 200_000, "suffix_chars": 100_000, "max_tokens": 8}
    options = {"model": {"name": str(embedded_model)}, "completion": settings}
    pids = set()
    async with lsp_session(options=options) as session:
        for name, marked in DOCUMENTS.items():
            document = session.open(marked, uri=f"untitled:{name}")
            await session.ask(document)
            assert session.messages == [], name
            pids.add(engine_pid(runtime_folder(bantam_directories)))
    assert len(pids) == 1

"""What other files define reaches the model with every action."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.completion.query import Project
from tests.support.actions import Desk, TalkingEngine, query_of

STORE = "class Store:\n    def price_of(self, name: str) -> int:\n        return 1\n"
APP = "from store import Store\n\n\ndef total(store: Store):\n    pa‸ss\n"


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("write_body", "return 1\n"),
        ("explain", "It adds."),
        ("edit_instructed", "def total(store: Store):\n    return 1\n```"),
    ],
)
async def test_signatures_of_an_imported_class_are_shown(
    tmp_path: Path, name: str, written: str
) -> None:
    (tmp_path / "store.py").write_text(STORE)
    project = Project(tmp_path / "app.py", (tmp_path,))
    desk = Desk(TalkingEngine(written, info={"has_chat": True}))
    query = query_of(APP, project=project, instruction="x")
    await desk.actor.perform(name, query)
    assert "def price_of(self, name: str) -> int:" in desk.prompt
    await desk.actor.aclose()

from __future__ import annotations

import asyncio
from typing import Any

from lsp_server.engine.api import LoadingEvent
from lsp_server.server.loading_progress import LoadingProgress
from lsp_server.server.tasks import BackgroundTasks


class RecordingClient:
    """An editor with progress bars that remembers what they showed."""

    has_progress = True

    def __init__(self) -> None:
        self.shown: list[str] = []

    async def open_progress(self, _token: str, title: str, message: str) -> None:
        self.shown.append(f"{title}: {message}")

    def report_progress(self, _token: str, percentage: int, message: str) -> None:
        self.shown.append(f"{percentage} % {message}")

    def close_progress(self, _token: str) -> None:
        self.shown.append("closed")


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_the_bar_says_for_what_a_model_waits_and_then_that_it_is_loaded() -> None:
    client: Any = RecordingClient()
    progress = LoadingProgress(client, BackgroundTasks())
    for event in (
        LoadingEvent(model="new", fraction=0.0, waits_for=("old",)),
        LoadingEvent(model="new", fraction=0.25),
        LoadingEvent(model="new", fraction=1.0),
    ):
        progress.show(event)
        await settle()
    first, *_, moved, _, last = client.shown
    assert first.startswith("Bantam: new waits: old is in use")
    assert moved == "25 % loading new"
    assert last == "closed"

"""Several windows at one engine process: their requests share steps, and idle models go."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from lsp_server.directories import Directories
from lsp_server.engine.api import EndEvent, EndReason, Limits
from lsp_server.engine.client import EngineClient
from lsp_server.engine.status import EngineStatus
from tests.support.engine_processes import no_engine_left
from tests.support.scripted_engine import request

pytestmark = pytest.mark.e2e

NUM_WINDOWS = 4
NUM_TOKENS = 100


@pytest.fixture(autouse=True)
def clean_up(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def answer(window: EngineClient, number: int) -> EndEvent:
    wanted = request(f"x{number} = ", model="fake:slow", limits=Limits(max_tokens=NUM_TOKENS))
    end = [event async for event in window.generate(wanted)][-1]
    assert isinstance(end, EndEvent)
    return end


def num_steps(status: EngineStatus) -> int:
    return sum(sum(model.step_seconds.counts) for model in status.models)


async def test_requests_of_different_windows_share_the_steps_of_the_model(
    bantam_directories: Directories,
) -> None:
    windows = [EngineClient(bantam_directories, client=str(i)) for i in range(NUM_WINDOWS)]
    await answer(windows[0], 0)
    before = await windows[0].status()
    ends = await asyncio.gather(*(answer(window, i) for i, window in enumerate(windows)))
    after = await windows[0].status()
    for window in windows:
        await window.aclose()
    assert [end.reasons for end in ends] == [(EndReason.LENGTH,)] * NUM_WINDOWS
    generated = after.models[0].totals.generated - before.models[0].totals.generated
    assert generated == NUM_WINDOWS * NUM_TOKENS
    # One by one they would take a step for each token.
    assert num_steps(after) - num_steps(before) < generated / 2


async def test_an_idle_model_is_unloaded_though_windows_stay_and_comes_back(
    bantam_directories: Directories,
) -> None:
    bantam_directories.config.mkdir(parents=True, exist_ok=True)
    bantam_directories.config_file.write_text("[engine]\nunload_after_s = 1\n")
    window = EngineClient(bantam_directories)
    await answer(window, 0)
    pid = (await window.status()).pid
    async with asyncio.timeout(60):
        while (await window.status()).models:  # noqa: ASYNC110 - nothing announces it
            await asyncio.sleep(0.1)
    assert (await answer(window, 1)).error is None
    assert (await window.status()).pid == pid
    await window.aclose()

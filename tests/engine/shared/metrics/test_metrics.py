"""`/metrics` of an engine that worked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest_asyncio
from prometheus_client.parser import text_string_to_metric_families

from lsp_server.directories import Directories
from lsp_server.engine.api import Cost, EndEvent, EndReason, Priority, PromptEvent
from lsp_server.engine.local import create_local_engine
from lsp_server.engine.shared.metrics.collect import metrics_text
from lsp_server.engine.shared.metrics.metered_engine import MeteredEngine, RequestMeter
from lsp_server.engine.shared.polling import wait_until
from lsp_server.engine.status import EngineStatus, LoadedModel
from lsp_server.settings.schema import EngineSettings
from tests.support.scripted_engine import ScriptedEngine, request, text_event
from tests.support.tcp_engine import TcpEngine, served_over_tcp

Series = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def series_of(text: str) -> Series:
    """Return every value by name and labels, as Prometheus's own parser reads them."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def key(name: str, **labels: str) -> tuple[str, tuple[tuple[str, str], ...]]:
    return name, tuple(sorted(labels.items()))


@pytest_asyncio.fixture
async def tools(bantam_directories: Directories) -> AsyncIterator[TcpEngine]:
    engine = create_local_engine(EngineSettings())
    async with served_over_tcp(engine, bantam_directories) as serving:
        yield serving


async def scraped(tools: TcpEngine) -> Series:
    async with tools.http.get("/metrics") as answer:
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
        return series_of(await answer.text())


async def test_figures_follow_what_was_asked(tools: TcpEngine) -> None:
    prompt = "def add(a, b):\n    "
    for _ in range(2):
        await tools.openai.completions.create(model="fake", prompt=prompt, max_tokens=5)
    series = await scraped(tools)
    computed = series[key("bantam_tokens_computed_total", model="fake")]
    reused = series[key("bantam_tokens_reused_total", model="fake")]
    assert (computed, reused) == (len(prompt) + 2, len(prompt))
    assert series[key("bantam_tokens_generated_total", model="fake")] == 10
    assert series[key("bantam_tokens_shifted_total", model="fake")] == 0
    assert key("bantam_tokens_idle_total", model="fake") in series
    assert series[key("bantam_requests_total", priority="action", reason="length")] == 2
    assert series[key("bantam_queue_seconds_count", priority="action")] == 2
    assert series[key("bantam_step_seconds_count", model="fake")] >= 10
    assert series[key("bantam_step_seconds_bucket", model="fake", le="+Inf")] >= 10
    cells = {
        state: series[key("bantam_kv_cells", model="fake", state=state)]
        for state in ("running", "parked", "free")
    }
    assert cells["running"] == 0
    assert cells["parked"] >= len(prompt)
    assert sum(cells.values()) == (await tools.engine.status()).models[0].cells_total
    assert series[key("bantam_kv_saved_bytes", model="fake")] == 0
    assert series[key("bantam_engine_connections")] >= 1
    assert series[key("bantam_engine_memory_bytes")] > 1e6


async def test_an_engine_that_did_nothing_has_figures_of_its_own(tools: TcpEngine) -> None:
    series = await scraped(tools)
    assert key("bantam_engine_uptime_seconds") in series
    assert not [name for name, _ in series if name.startswith("bantam_tokens")]


async def ended(engine: ScriptedEngine, priority: Priority = Priority.GHOST_TEXT) -> RequestMeter:
    metered = MeteredEngine(engine)
    async for _ in metered.generate(request(priority=priority)):
        pass
    return metered.meter


async def test_requests_are_counted_by_priority_and_reason() -> None:
    engine = ScriptedEngine(events=(EndEvent(reasons=(EndReason.SUPERSEDED,)),))
    meter = await ended(engine, priority=Priority.POPUP)
    assert meter.ends == {(Priority.POPUP, EndReason.SUPERSEDED): 1}


async def test_a_request_that_never_started_is_an_error() -> None:
    meter = await ended(ScriptedEngine(events=(EndEvent(reasons=()),)))
    assert meter.ends == {(Priority.GHOST_TEXT, EndReason.ERROR): 1}


async def test_a_request_that_is_left_was_cancelled_and_its_waiting_is_known() -> None:
    prompt = PromptEvent(cost=Cost(ms_queued=30.0))
    metered = MeteredEngine(ScriptedEngine(events=(prompt, text_event("x")), is_endless=True))
    stream = metered.generate(request())
    await anext(stream)
    await stream.aclose()
    assert metered.meter.ends == {(Priority.GHOST_TEXT, EndReason.CANCELLED): 1}
    assert metered.meter.queue_seconds[Priority.GHOST_TEXT].total == 0.03


async def test_a_cancelled_task_counts_as_cancelled() -> None:
    engine = ScriptedEngine(events=(), gate=asyncio.Event())
    metered = MeteredEngine(engine)
    task = asyncio.create_task(anext(metered.generate(request())))
    await wait_until(lambda: engine.num_open == 1, 30)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert metered.meter.ends == {(Priority.GHOST_TEXT, EndReason.CANCELLED): 1}


def test_models_that_are_files_show_no_folder_and_stay_apart() -> None:
    models = tuple(
        LoadedModel(model=name, num_running=0, num_waiting=0, cells_used=0, cells_total=4)
        for name in ("/home/me/a/coder.gguf", "/home/me/b/coder.gguf")
    )
    status = EngineStatus(
        pid=1, package_version="1", protocol_version=1, uptime_s=0.0, models=models
    )
    text = metrics_text(status, RequestMeter())
    assert "/home" not in text
    series = series_of(text)
    for label in ("coder.gguf", "coder.gguf #2"):
        assert series[key("bantam_kv_cells", model=label, state="free")] == 4

"""What the model is shown of other files, through the whole pipeline."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.completion.query import CompletionOutcome, OutcomeReason, Project
from lsp_server.context.keeper import ContextKeeper
from lsp_server.engine.api import Part, TextSegment
from lsp_server.settings.schema import CompletionSettings, Settings
from tests.support.completion import WritingEngine, query_at

SETTINGS = Settings(completion=CompletionSettings(context_ms=60_000))
FIXTURE = Path(__file__).parents[1] / "context/fixtures/python"
MARKED = "from shop import Store\n\n\ndef sell(store: Store) -> None:\n    return store.‸\n"
PRICE_OF = "async def price_of(self, name: str) -> Money:"


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["price_of(name)"])


@pytest.fixture
async def pipeline(engine: WritingEngine) -> AsyncIterator[CompletionPipeline]:
    pipeline = CompletionPipeline(engine, SETTINGS)
    yield pipeline
    await pipeline.aclose()


def project(root: Path = FIXTURE, **fields: object) -> Project:
    return Project(root / "app.py", (root,), **fields)  # type: ignore[arg-type]  # by name


async def ask(
    pipeline: CompletionPipeline, marked: str = MARKED, **fields: object
) -> CompletionOutcome:
    return await pipeline.complete(query_at(marked, **{"project": project(), **fields}))


def context_of(engine: WritingEngine) -> list[TextSegment]:
    segments = engine.requests[-1].segments
    return [s for s in segments if isinstance(s, TextSegment) and s.part is Part.CONTEXT]


async def test_members_of_the_receiver_stand_in_the_prompt(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    outcome = await ask(pipeline)
    assert outcome.reason is OutcomeReason.SHOWN
    assert PRICE_OF in engine.prompt
    assert engine.prompt.index(PRICE_OF) < engine.prompt.index("def sell")
    assert "gather" in outcome.stage_ms


async def test_each_file_is_one_segment_under_its_path(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    await ask(pipeline)
    segments = context_of(engine)
    assert [one.document for one in segments] == ["shop/base.py", "shop/store.py"]
    assert all(one.text.startswith(f"# {one.document}\n") for one in segments)
    assert all(one.text.endswith("\n\n") for one in segments)


async def test_model_with_file_separators_gets_bare_paths(pipeline: CompletionPipeline) -> None:
    engine = WritingEngine(texts=["x"], fim_format="qwen2.5-coder")
    other = CompletionPipeline(engine, SETTINGS)
    await ask(other)
    await other.aclose()
    assert all(one.text.startswith(f"{one.document}\n") for one in context_of(engine))


async def test_context_stays_while_a_row_is_typed(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    await ask(pipeline)
    first = context_of(engine)
    await ask(pipeline, MARKED.replace("‸", "folder + store.x‸"))
    assert len(engine.requests) == 2
    assert context_of(engine) == first


async def test_document_without_a_project_has_no_context(
    engine: WritingEngine, pipeline: CompletionPipeline
) -> None:
    await ask(pipeline, project=None)
    assert context_of(engine) == []


async def test_setting_of_no_tokens_gathers_nothing(engine: WritingEngine) -> None:
    pipeline = CompletionPipeline(engine, Settings(completion=CompletionSettings(context_tokens=0)))
    await ask(pipeline)
    await pipeline.aclose()
    assert context_of(engine) == []


async def test_context_takes_at_most_a_quarter_of_a_small_model(
    pipeline: CompletionPipeline,
) -> None:
    engine = WritingEngine(texts=["x"], context_tokens=1_000)
    other = CompletionPipeline(engine, SETTINGS)
    await ask(other)
    await other.aclose()
    assert 0 < sum(len(one.text) for one in context_of(engine)) <= 250


async def test_saved_file_is_seen(engine: WritingEngine, tmp_path: Path) -> None:
    pipeline = CompletionPipeline(engine, SETTINGS)
    shelf = tmp_path / "shelf.py"
    shelf.write_text("def put(old): ...\n", encoding="utf-8")
    marked = "from shelf import put\n\nput(‸)\n"
    await ask(pipeline, marked, project=project(tmp_path))
    shelf.write_text("def put(changed): ...\n", encoding="utf-8")
    pipeline.saved(shelf)
    await ask(pipeline, marked.replace("put(‸", "put(1 + ‸"), project=project(tmp_path))
    await pipeline.aclose()
    assert "def put(changed):" in engine.prompt


async def test_fault_in_gathering_costs_the_context_and_not_the_completion(
    engine: WritingEngine,
    pipeline: CompletionPipeline,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(MARKED)

    monkeypatch.setattr(ContextKeeper, "blocks", fail)
    with caplog.at_level(logging.WARNING):
        outcome = await ask(pipeline)
    assert outcome.reason is OutcomeReason.SHOWN
    assert "RuntimeError" in caplog.text
    assert "store" not in caplog.text

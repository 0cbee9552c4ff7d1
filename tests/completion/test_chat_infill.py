"""Completions by models that chat and cannot infill, through the engine's own stages."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from lsp_server.completion.pipeline import CompletionPipeline
from lsp_server.completion.prompting import PromptWriter
from lsp_server.completion.query import CompletionOutcome, OutcomeReason
from lsp_server.engine.api import Cost, EndEvent, Limits
from lsp_server.engine.chat import ChatFormat
from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.local import LocalEngine
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.runners.base import RunnerLimits
from lsp_server.engine.runners.fake import FakeRunner, FakeVocabulary, scripted_logits
from lsp_server.engine.runners.llama_models import load_llama_model
from lsp_server.models.chat_formats import ChatFinding
from lsp_server.settings.schema import CompletionSettings, EngineSettings, ModelSettings, Settings
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from tests.support.chat_model import GEMMA, GEMMA_TOKENS, write_chat_model
from tests.support.completion import accepted, cursor_at, query_at
from tests.support.engine import make_request
from tests.support.typing_editor import TypingEditor

TEMPLATE = "{% for m in messages %}[{{ m.role }}]\n{{ m.content }}\n{% endfor %}[assistant]\n"
LIMITS = RunnerLimits(context_tokens=8_192, num_cells=8_192, max_sequences=8, max_batch_tokens=512)


def loader(script: str) -> Callable[[str, object], LoadedRunner]:
    """Return what loads a model that writes a script and has no markers."""
    chat = ChatFormat(ChatFinding(TEMPLATE, "the test said so"), "scripted")
    info = ModelInfo(
        model="scripted",
        description="",
        architecture="fake",
        context_tokens=LIMITS.context_tokens,
        fim_format=None,
        fim_reason="it has no markers",
        chars_per_token=1.0,
        has_chat=True,
    )
    vocabulary = FakeVocabulary(has_markers=False)

    def load(model: str, report: object) -> LoadedRunner:
        runner = FakeRunner(scripted_logits(script), LIMITS, vocabulary=vocabulary)
        return LoadedRunner(runner, info, chat)

    return load


@asynccontextmanager
async def completing(script: str) -> AsyncIterator[CompletionPipeline]:
    engine = LocalEngine(loader(script))
    pipeline = CompletionPipeline(
        engine, Settings(model=ModelSettings(name="scripted"), completion=CompletionSettings())
    )
    try:
        yield pipeline
    finally:
        await pipeline.aclose()
        await engine.aclose()


async def complete(script: str, marked: str) -> CompletionOutcome:
    async with completing(script) as pipeline:
        return await pipeline.complete(query_at(marked))


async def test_answer_ends_at_the_fence() -> None:
    script = "total = a\n    return total\n    ```\n    This adds two numbers.\n"
    outcome = await complete(script, "def add(a, b):\n    ‸\n\n\nprint(add(1, 2))\n")
    assert [one.text for one in outcome.suggestions] == ["total = a\n    return total"]


async def test_fence_at_once_is_no_suggestion() -> None:
    outcome = await complete("```\nNothing is missing.\n", "x = 1\n‸\ny = 2\n")
    assert outcome.suggestions == ()
    assert outcome.reason is not OutcomeReason.FAILED


async def test_backticks_of_the_document_do_not_end_the_answer() -> None:
    script = "return '```' + a\n````````\nDone.\n"
    outcome = await complete(script, "def quote(a):\n    return '````'\n\ndef other(a):\n    ‸\n")
    assert [one.text for one in outcome.suggestions] == ["return '```' + a"]


@pytest.mark.parametrize("line_ending", ["\n", "\r\n"])
async def test_document_keeps_its_line_ending(line_ending: str) -> None:
    marked = "def add(a, b):\n    ‸\n\n\nprint(add(1, 2))\n".replace("\n", line_ending)
    query = query_at(marked)
    async with completing("total = a + b\n    return total\n```\n") as pipeline:
        outcome = await pipeline.complete(query)
    wanted = "def add(a, b):\n    total = a + b\n    return total\n\n\nprint(add(1, 2))\n"
    assert accepted(query, outcome) == wanted.replace("\n", line_ending)


@pytest.mark.parametrize("architecture", ["gemma2", "gemma3"])
@pytest.mark.parametrize("line_ending", ["\n", "\r\n"])
async def test_keys_cost_one_to_three_tokens(
    tmp_path: Path, architecture: str, line_ending: str
) -> None:
    path = tmp_path / "gemma.gguf"
    write_chat_model(
        path,
        template=GEMMA,
        tokens=GEMMA_TOKENS,
        architecture=ARCHITECTURES[architecture],
        vocabulary=tiny_vocabulary(has_fim_markers=False),
    )
    engine = LocalEngine(lambda name, report: load_llama_model(name, EngineSettings(), report))
    try:
        costs = await costs_of_typing(engine, str(path), line_ending)
    finally:
        await engine.aclose()
    first, *others = [cost.tokens_computed for cost in costs]
    assert first > 200
    assert len(others) > 40
    assert max(others) <= 12
    assert sum(others) / len(others) <= 3
    assert min(cost.tokens_reused for cost in costs[1:]) >= first - 10


async def costs_of_typing(engine: LocalEngine, model: str, line_ending: str) -> list[Cost]:
    info = await engine.describe(model)
    assert (info.fim_format, info.has_chat) == (None, True)
    writer = PromptWriter(CompletionSettings(prefix_chars=400, suffix_chars=200))
    before = "import math\n\n\ndef area(r):\n    ".replace("\n", line_ending)
    after = "\n\n\nprint(area(2))\n".replace("\n", line_ending)
    editor = TypingEditor(before + after, len(before))
    costs = []
    for keystroke in editor.type('radius = max(r, 0)\n    return "`" * int(radius)'):
        marked = f"{keystroke.text[: keystroke.cursor]}‸{keystroke.text[keystroke.cursor :]}"
        prompt = writer.prompt(cursor_at(marked), info)
        request = make_request(
            prompt.segments,
            model=model,
            document_key="a.py",
            forced_prefix=prompt.forced_prefix,
            limits=Limits(max_tokens=2),
            supersedes=True,
        )
        events = [event async for event in engine.generate(request)]
        assert isinstance(events[-1], EndEvent)
        assert events[-1].error is None
        costs.append(events[-1].cost)
    return costs

"""Small random models of every architecture through the whole path, with engine processes.

Vocabularies are real ones of the nearest kind, with the family's missing markers put behind them:
those of Gemma 2 and 3, Qwen2.5-Coder and DeepSeek-Coder-V2 are not to be had without weights.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gguf
import pytest

from lsp_server.completion.prompting import PromptWriter
from lsp_server.directories import Directories
from lsp_server.engine.api import Cost, EndEvent, GenerateRequest, Limits, TextEvent, TokenText
from lsp_server.engine.client import EngineClient
from lsp_server.models.fim_formats import FIM_FORMATS
from lsp_server.settings.schema import CompletionSettings
from scripts.synthetic_model.architectures.gemma import WINDOW_TOKENS
from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.vocabulary import vocabulary_of, with_special_tokens
from scripts.synthetic_model.write import write_model
from tests.support.chat_model import GEMMA_TOKENS, with_chat_template
from tests.support.command import bantam
from tests.support.completion import cursor_at
from tests.support.engine_processes import no_engine_left
from tests.support.vocabularies import vocabulary_file

pytestmark = pytest.mark.e2e

BEFORE = (
    "import math\n\n\ndef area(radius):\n    return math.pi * radius**2\n\n\n"
    "def volume(radius, height):\n    base = are"
)
AFTER = "\n    return base * height\n\n\nprint(volume(2, 3))\n"
LINE_NUMBER = BEFORE.count("\n") + 1
COLUMN = len(BEFORE.rpartition("\n")[2]) + 1
#: Prompts are longer than the window of those models that have one.
MIN_PROMPT_TOKENS = WINDOW_TOKENS
MAX_KEY_TOKENS = 3


@dataclass(frozen=True, slots=True)
class Family:
    """Which vocabulary stands for that of an architecture.

    Attributes:
        vocabulary: The nearest one that there is.
        fim_format: What it completes with, or `None`: through Gemma's chat template.
    """

    vocabulary: str
    fim_format: str | None


FAMILIES = {
    "llama": Family("deepseek-coder", "deepseek-coder"),
    "deepseek2": Family("deepseek-llm", "deepseek-coder"),
    "gemma": Family("llama-spm", "codegemma"),
    "gemma2": Family("llama-spm", None),
    "gemma3": Family("llama-spm", None),
    "gemma4": Family("gemma-4", None),
    "qwen2": Family("qwen2", "qwen2.5-coder"),
}


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture(scope="module", params=tuple(ARCHITECTURES))
def model(
    request: pytest.FixtureRequest, vocabularies: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    architecture = ARCHITECTURES[request.param]
    family = FAMILIES[request.param]
    vocabulary = vocabulary_of(vocabulary_file(vocabularies, family.vocabulary))
    if family.fim_format is None:
        template = vocabularies / "templates/google-gemma-2-2b-it.jinja"
        vocabulary = with_special_tokens(vocabulary, GEMMA_TOKENS, gguf.TokenType.CONTROL)
        vocabulary = with_chat_template(vocabulary, template.read_text(encoding="utf-8"))
    else:
        fim_format = FIM_FORMATS[family.fim_format]
        texts = (*fim_format.markers.values(), *fim_format.optional_markers.values())
        vocabulary = with_special_tokens(vocabulary, texts, gguf.TokenType.CONTROL)
    path = tmp_path_factory.mktemp(request.param) / f"{request.param}.gguf"
    write_model(path, vocabulary, architecture=architecture, name=request.param)
    return path


def complete(model: Path, file: Path, typed: str = "") -> dict[str, Any]:
    file.write_text(BEFORE + typed + AFTER, encoding="utf-8")
    place = f"{file}:{LINE_NUMBER}:{COLUMN + len(typed)}"
    result = bantam("complete", "--json", "--max-tokens", "8", "--model", str(model), place)
    assert result.returncode == 0, result.stderr
    values: dict[str, Any] = json.loads(result.stdout)
    return values


def test_a_key_reuses_the_prompt(model: Path, tmp_path: Path) -> None:
    first = complete(model, tmp_path / "a.py")["tokens"]
    assert first["computed"] > MIN_PROMPT_TOKENS
    second = complete(model, tmp_path / "a.py", typed="a")["tokens"]
    assert second["reused"] >= first["computed"] - MAX_KEY_TOKENS
    assert 0 < second["computed"] <= MAX_KEY_TOKENS


async def test_a_reused_prompt_gives_what_a_fresh_one_gives(
    model: Path, bantam_directories: Directories
) -> None:
    client = EngineClient(bantam_directories)
    try:
        info = await client.describe(str(model))
        assert info.fim_format == FAMILIES[info.architecture].fim_format
        writer = PromptWriter(CompletionSettings())
        requests = []
        for typed in ("", "a", "a("):
            prompt = writer.prompt(cursor_at(f"{BEFORE}{typed}‸{AFTER}"), info)
            requests.append(
                GenerateRequest(
                    request_id=f"typed {typed}",
                    model=str(model),
                    segments=prompt.segments,
                    document_key="a.py",
                    forced_prefix=prompt.forced_prefix,
                    limits=Limits(max_tokens=16),
                    want_logprobs=True,
                    supersedes=True,
                )
            )
        warm = [await answer_of(client, request) for request in requests][-1]
        await client.stop_engine()
        cold = await answer_of(client, requests[-1])
        assert warm.cost.tokens_reused > MIN_PROMPT_TOKENS
        assert cold.cost.tokens_reused == 0
        assert cold.texts == warm.texts
        # Both were read in steps of other sizes, so rounding differs.
        assert cold.logprobs == pytest.approx(warm.logprobs, abs=0.02)
        assert len(cold.texts) > 0
    finally:
        await client.stop_engine()
        await client.aclose()


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer, token by token."""

    texts: tuple[str, ...]
    logprobs: tuple[float, ...]
    cost: Cost


async def answer_of(client: EngineClient, request: GenerateRequest) -> Answer:
    tokens: list[TokenText] = []
    async with aclosing(client.generate(request)) as events:
        async for event in events:
            if isinstance(event, TextEvent):
                tokens += event.tokens
            elif isinstance(event, EndEvent):
                assert event.error is None
                return Answer(
                    texts=tuple(token.text for token in tokens),
                    logprobs=tuple(token.logprob or 0.0 for token in tokens),
                    cost=event.cost,
                )
    raise AssertionError("a stream ends with an end event")

"""The scheduler and the cache on real models: what is reused must not change an answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lsp_server.engine.api import EndReason, GenerateRequest, Part, Sampling
from lsp_server.engine.kv_cache import KeepPolicy
from lsp_server.engine.runners.llama_cpp import LlamaCppRunner, LlamaFile, LlamaSettings
from lsp_server.engine.step_sizes import StepPolicy
from lsp_server.models.fim_detection import find_fim_format
from lsp_server.models.gguf import read_gguf_header
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from lsp_server.prompt.fim import render_infill
from tests.support.engine import EngineHarness, fim_segments, make_request, text_segment

SOURCE = Path(__file__).parents[2] / "lsp_server" / "engine" / "prompt_tokens.py"

Load = Callable[..., LlamaCppRunner]


@pytest.fixture
def load() -> Iterator[Load]:
    """Return a function that loads models; they are closed afterwards."""
    runners: list[LlamaCppRunner] = []

    def load_model(path: Path, num_cells: int = 2_048) -> LlamaCppRunner:
        file = LlamaFile(path, path.name, find_fim_format(read_gguf_header(path)))
        runners.append(LlamaCppRunner(file, LlamaSettings(num_cells, 1, 16)))
        return runners[-1]

    yield load_model
    for runner in runners:
        runner.close()


def edits(num_edits: int, seed: int) -> Iterator[str]:
    """Yield a document's text after each of some random edits."""
    chance = random.Random(seed)
    text = SOURCE.read_text()[:600]
    for _ in range(num_edits):
        place = chance.randrange(len(text))
        kind = chance.choice(["insert", "delete", "type at the end", "keep"])
        if kind == "insert":
            text = text[:place] + chance.choice(["x", "()", "\n    return"]) + text[place:]
        elif kind == "delete":
            text = text[:place] + text[place + chance.randrange(1, 20) :]
        elif kind == "type at the end":
            text += chance.choice(["a", " ", "def", "\n"])
        yield text


def request_for(text: str, **fields: object) -> GenerateRequest:
    cut = len(text) * 2 // 3
    tail_start = text.rfind("\n", 0, cut) + 1
    return make_request(
        fim_segments(text[:tail_start], text[cut:], text[tail_start:cut]),
        max_tokens=12,
        want_logprobs=True,
        **fields,
    )


def test_reuse_after_edits_equals_a_full_recompute(tiny_model: Path, load: Load) -> None:
    reusing = EngineHarness(load(tiny_model), keep=KeepPolicy(max_age=0))
    fresh = EngineHarness(load(tiny_model))
    num_reused = 0
    for text in edits(20, seed=1):
        reused = reusing.answer(request_for(text, document_key="a"))
        recomputed = fresh.answer(request_for(text))
        fresh.cache.evict_all()
        assert reused.text() == recomputed.text()
        assert reused.logprobs() == pytest.approx(recomputed.logprobs(), abs=0.02)
        num_reused += reused.end.cost.tokens_reused
        assert recomputed.end.cost.tokens_reused == 0
    assert num_reused > 0


def test_answers_are_the_same_when_idle_documents_were_moved(tiny_model: Path, load: Load) -> None:
    keep = KeepPolicy(max_age=4, max_saved_bytes=10_000_000)
    harness = EngineHarness(load(tiny_model), keep=keep)
    texts = {f"{number}.py": text for number, text in enumerate(edits(3, seed=5))}
    before = {
        key: harness.answer(request_for(text, document_key=key)) for key, text in texts.items()
    }
    for _ in range(4):
        harness.answer(request_for(texts["2.py"], document_key="2.py"))
    harness.tidy()
    assert harness.cache.parked_documents == ("2.py",)
    for key in ("2.py", "1.py", "0.py"):
        after = harness.answer(request_for(texts[key], document_key=key))
        assert after.end.cost.tokens_computed == 1
        assert after.logprobs() == pytest.approx(before[key].logprobs(), abs=0.02)


def test_requests_at_the_same_time_answer_as_alone(tiny_model: Path, load: Load) -> None:
    # In larger steps rounding differs, and where cells have to be used again their order does; this
    # model has no firm opinions.
    policy = StepPolicy(max_step_tokens=32)
    together = EngineHarness(load(tiny_model, num_cells=4_096), policy)
    alone = EngineHarness(load(tiny_model, num_cells=4_096), policy)
    texts = list(edits(6, seed=2))
    requests = [request_for(text, document_key=str(i)) for i, text in enumerate(texts)]
    heard = [together.submit(request) for request in requests]
    together.run()
    for request, answer in zip(requests, heard, strict=True):
        expected = alone.answer(request)
        alone.cache.evict_all()
        assert answer.text() == expected.text()
        assert answer.logprobs() == pytest.approx(expected.logprobs(), abs=0.02)


def test_alternatives_are_what_they_would_be_alone(tiny_model: Path, load: Load) -> None:
    together = EngineHarness(load(tiny_model))
    alone = EngineHarness(load(tiny_model))
    text = next(edits(1, seed=3))
    sampling = Sampling(temperature=0.7, seed=40)
    alternatives = together.answer(request_for(text, num_alternatives=4, sampling=sampling))
    for index in range(4):
        single = Sampling(temperature=0.7, seed=40 + index)
        assert alternatives.text(index) == alone.answer(request_for(text, sampling=single)).text()
        alone.cache.evict_all()


def test_forced_prefix_is_how_every_alternative_begins(tiny_model: Path, load: Load) -> None:
    harness = EngineHarness(load(tiny_model))
    vocabulary = load(tiny_model).vocabulary
    heard = harness.submit(
        prompt=(text_segment("    ", Part.PREFIX),),
        forced_prefix="retu",
        num_alternatives=4,
        max_tokens=6,
        sampling=Sampling(temperature=2.0, top_k=0, top_p=1.0),
    )
    jobs: list[list[int]] = []
    while not harness.scheduler.is_idle:
        step = harness.step()
        jobs += [list(chunk.sequence.tokens) for chunk in step.chunks]
    num_prompt = heard.end.cost.tokens_computed
    for tokens in (tokens for tokens in jobs if len(tokens) >= num_prompt + 5):
        written = b"".join(map(vocabulary.token_bytes, tokens[num_prompt:]))
        assert written.startswith(b"retu")


def test_cancelled_requests_leave_right_answers_behind(tiny_model: Path, load: Load) -> None:
    harness = EngineHarness(load(tiny_model), keep=KeepPolicy(max_age=0))
    chance = random.Random(4)
    texts = list(edits(40, seed=4))
    for text in texts:
        heard = harness.submit(request_for(text, document_key=str(chance.randrange(3))))
        for _ in range(chance.randrange(30)):
            harness.step()
        if chance.random() < 0.9:
            harness.cancel(heard)
    harness.run()
    assert harness.cache.num_cells_running == 0
    answer = harness.answer(request_for(texts[-1], document_key="1"))
    fresh = EngineHarness(load(tiny_model)).answer(request_for(texts[-1]))
    assert answer.text() == fresh.text()


class Typist:
    """Types in a document; every key asks, in the anchored layout."""

    def __init__(self, harness: EngineHarness, fim_format: str) -> None:
        self._harness = harness
        self._fim_format = fim_format
        self._anchored: AnchoredDocument | None = None

    def ask(self, text: str, cursor: int) -> tuple[int, str]:
        """Return the prompt tokens computed and the answer."""
        window = AnchorWindow(prefix_chars=2500, suffix_chars=1200)
        self._anchored = anchor(text, cursor, window, self._anchored)
        heard = self._harness.answer(
            make_request(
                render_infill(self._fim_format, self._anchored, "a.py", "a.py", "python"),
                max_tokens=8,
                forced_prefix=self._anchored.forced_prefix,
                document_key="a.py",
            )
        )
        assert heard.reasons[0] in {EndReason.STOP, EndReason.LENGTH}
        return heard.end.cost.tokens_computed, heard.text()


@pytest.mark.real_model
def test_a_key_computes_what_it_changed(embedded_model: Path, load: Load) -> None:
    runner = load(embedded_model)
    finding = find_fim_format(read_gguf_header(embedded_model))
    assert finding.format_id is not None
    typist = Typist(EngineHarness(runner), finding.format_id)
    text = SOURCE.read_text()
    start = text.index("        bos = self._vocabulary.bos_token")
    end = text.index("        if len(tokens) == (bos")
    typist.ask(text[:start] + text[end:], start)
    computed = [
        typist.ask(text[:cursor] + "\n" + text[end:], cursor)[0] for cursor in range(start + 1, end)
    ]
    # The keys that move the anchor are counted too.
    assert sum(computed) / len(computed) <= 3.0
    assert sorted(computed)[len(computed) // 2] <= 2


@pytest.mark.real_model
def test_typing_along_a_suggestion_computes_next_to_nothing(
    embedded_model: Path, load: Load
) -> None:
    finding = find_fim_format(read_gguf_header(embedded_model))
    assert finding.format_id is not None
    typist = Typist(EngineHarness(load(embedded_model)), finding.format_id)
    text = SOURCE.read_text()
    start = text.index("        bos = self._vocabulary.bos_token")
    _, suggested = typist.ask(text[:start] + text[start:], start)
    assert len(suggested) > 4
    computed = []
    for num_typed in range(1, len(suggested)):
        typed = text[:start] + suggested[:num_typed]
        computed.append(typist.ask(typed + text[start:], len(typed))[0])
    assert max(computed) <= 2

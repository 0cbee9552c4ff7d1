from __future__ import annotations

import pytest

from lsp_server.engine.api import MarkerRole, MarkerSegment
from lsp_server.engine.prompt_tokens import PromptTokenizer
from lsp_server.engine.runners.fake import BOS_TOKEN, FakeVocabulary
from lsp_server.errors import BadRequestError, CannotInfillError
from tests.support.engine import fim_segments, text_segment


class CountingVocabulary(FakeVocabulary):
    """Remembers what it was asked to tokenise."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def tokenize(self, text: str) -> list[int]:
        self.asked.append(text)
        return super().tokenize(text)


def test_bos_comes_first_and_once() -> None:
    tokens = PromptTokenizer(FakeVocabulary(), "fake").tokenize(fim_segments("a", "b")).tokens
    assert tokens[0] == BOS_TOKEN
    assert tokens.count(BOS_TOKEN) == 1


def test_segments_begin_where_they_are_said_to() -> None:
    prompt = PromptTokenizer(FakeVocabulary(), "fake").tokenize(fim_segments("ab", "c", "def"))
    assert prompt.segment_starts == (1, 2, 4, 5, 6, 7)
    assert bytes(prompt.tokens[2:4]) == b"ab"
    assert bytes(prompt.tokens[7:]) == b"def"


def test_unchanged_segments_are_not_tokenised_again() -> None:
    vocabulary = CountingVocabulary()
    tokenizer = PromptTokenizer(vocabulary, "fake")
    tokenizer.tokenize(fim_segments("long prefix", "suffix", "x"))
    tokenizer.tokenize(fim_segments("long prefix", "suffix", "xy"))
    assert vocabulary.asked == ["long prefix", "suffix", "x", "xy"]


def test_least_recently_used_texts_are_forgotten() -> None:
    vocabulary = CountingVocabulary()
    tokenizer = PromptTokenizer(vocabulary, "fake", max_remembered_chars=10)
    for text in ("aaaa", "bbbb", "aaaa", "cccc", "aaaa", "bbbb"):
        tokenizer.tokens_of_text(text)
    assert vocabulary.asked == ["aaaa", "bbbb", "cccc", "bbbb"]


def test_text_beyond_the_bound_is_tokenised_and_not_remembered() -> None:
    vocabulary = CountingVocabulary()
    tokenizer = PromptTokenizer(vocabulary, "fake", max_remembered_chars=10)
    assert len(tokenizer.tokens_of_text("x" * 11)) == 11
    tokenizer.tokens_of_text("x" * 11)
    assert len(vocabulary.asked) == 2


@pytest.mark.parametrize("segments", [(), (text_segment(""),)])
def test_empty_prompt_is_refused(segments: tuple[()]) -> None:
    with pytest.raises(BadRequestError, match="empty"):
        PromptTokenizer(FakeVocabulary(), "fake").tokenize(segments)


def test_marker_that_the_model_lacks_is_refused() -> None:
    tokenizer = PromptTokenizer(FakeVocabulary(has_markers=False), "some-model")
    with pytest.raises(CannotInfillError, match=r"some-model .* fim_middle"):
        tokenizer.tokenize((MarkerSegment(role=MarkerRole.FIM_MIDDLE),))

"""How often the tokens of what healing keeps are those that the whole text begins with."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from lsp_server.engine.runners.llama_vocabulary import LlamaVocabulary
from lsp_server.prompt.healing import Pieces, heal
from tests.support.vocabularies import loaded_vocabulary, vocabulary_file

WORDS = Pieces.BLANK_AND_LETTERS
MARKS = Pieces.MARK_AND_LETTERS
SAMPLES = Path(__file__).parent / "samples"
NUM_CURSORS = 1_500
REST_CHARS = 80

#: Share of cursors at which the tokens must agree.  StarCoder and Qwen join line breaks with what
#: follows them, which an anchor at the start of a line cannot heal.
AT_LEAST = {
    ("deepseek-coder", WORDS): 0.99,
    ("deepseek-llm", WORDS): 0.99,
    ("llama-spm", WORDS): 0.99,
    ("starcoder", WORDS): 0.95,
    ("refact", WORDS): 0.95,
    ("qwen2", MARKS): 0.98,
    ("llama-bpe", MARKS): 0.97,
}


def realistic_cursors() -> list[tuple[str, str]]:
    """Return tails, from the start of a line on, and the text after them."""
    rng = random.Random(7)
    texts = [path.read_text(encoding="utf-8") for path in sorted(SAMPLES.glob("*.txt"))]
    cursors: list[tuple[str, str]] = []
    while len(cursors) < NUM_CURSORS:
        text = rng.choice(texts)
        cursor = rng.randrange(200, len(text) - REST_CHARS)
        # Nobody asks in the middle of an indentation.
        if text[cursor - 1] in " \t" and text[cursor].isspace():
            continue
        start = text.rfind("\n", 0, cursor - rng.choice([0, 50, 200])) + 1
        cursors.append((text[start:cursor], text[cursor : cursor + REST_CHARS]))
    return cursors


def share_of_agreement(vocabulary: LlamaVocabulary, pieces: Pieces | None) -> float:
    cursors = realistic_cursors()
    num_agreeing = 0
    for tail, rest in cursors:
        kept = tail if pieces is None else heal(tail, pieces).kept
        tokens = vocabulary.tokenize(kept)
        num_agreeing += vocabulary.tokenize(tail + rest)[: len(tokens)] == tokens
    return num_agreeing / len(cursors)


@pytest.mark.parametrize(("name", "pieces"), AT_LEAST)
def test_kept_tokens_are_those_of_the_whole_text(
    name: str, pieces: Pieces, vocabularies: Path
) -> None:
    with loaded_vocabulary(vocabulary_file(vocabularies, name)) as vocabulary:
        assert share_of_agreement(vocabulary, pieces) >= AT_LEAST[name, pieces]


def test_healing_is_needed(vocabularies: Path) -> None:
    with loaded_vocabulary(vocabulary_file(vocabularies, "deepseek-coder")) as vocabulary:
        assert share_of_agreement(vocabulary, None) < 0.5


def test_joined_marks_matter_to_qwen(vocabularies: Path) -> None:
    with loaded_vocabulary(vocabulary_file(vocabularies, "qwen2")) as vocabulary:
        with_marks = share_of_agreement(vocabulary, MARKS)
        assert with_marks > share_of_agreement(vocabulary, WORDS) + 0.05

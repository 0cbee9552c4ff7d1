"""The vocabulary: byte-level BPE behind DeepSeek-Coder's pre-tokenizer and markers.

llama.cpp knows the pre-tokenizer as `deepseek-coder` (src/llama-vocab.cpp); the patterns below are
the same ones in the same order, so both sides split text alike. Markers are no part of the trained
tokenizer: text never becomes one, ids are added by hand.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

PRE_TOKENIZER_NAME = "deepseek-coder"
_PATTERNS = (r"[\r\n]", r"\s?\p{L}+", r"\s?\p{P}+", r"[一-龥ࠀ-一가-퟿]+", r"\p{N}")
_MAX_TOKEN_CHARS = 24

BEGIN_OF_TEXT = "<｜begin▁of▁sentence｜>"
END_OF_TEXT = "<｜end▁of▁sentence｜>"
FIM_HOLE = "<｜fim▁hole｜>"
FIM_BEGIN = "<｜fim▁begin｜>"
FIM_END = "<｜fim▁end｜>"
END_OF_TURN = "<|EOT|>"
FILE_SEPARATOR = "<｜file▁separator｜>"

# In the order of DeepSeek-Coder's own vocabulary, after the trained tokens; the last one is ours.
MARKERS = (
    BEGIN_OF_TEXT,
    END_OF_TEXT,
    FIM_HOLE,
    FIM_BEGIN,
    FIM_END,
    END_OF_TURN,
    FILE_SEPARATOR,
)


@dataclass(frozen=True, slots=True)
class MarkerIds:
    """Token ids of the markers that training uses."""

    begin_of_text: int
    end_of_text: int
    fim_hole: int
    fim_begin: int
    fim_end: int
    end_of_turn: int
    file_separator: int


class Vocabulary:
    """Text to token ids and back, markers aside."""

    def __init__(self, tokenizer: Tokenizer) -> None:
        self._tokenizer = tokenizer
        first = tokenizer.get_vocab_size()
        self.size = first + len(MARKERS)
        self.markers = MarkerIds(*range(first, self.size))

    def encode(self, text: str) -> list[int]:
        """Token ids of plain text; no marker is added or recognised."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def decode(self, ids: Iterable[int]) -> str:
        """Text of ids that are no markers; broken UTF-8 becomes U+FFFD."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def tokens(self) -> list[str]:
        """Every token's text in the byte-level alphabet, by id, markers last."""
        vocabulary = self._tokenizer.get_vocab()
        return [*sorted(vocabulary, key=vocabulary.__getitem__), *MARKERS]

    def num_bytes(self) -> list[int]:
        """How many bytes each token stands for, by id; a marker stands for none."""
        trained = self.size - len(MARKERS)
        return [len(token) for token in self.tokens()[:trained]] + [0] * len(MARKERS)

    def merges(self) -> list[str]:
        """BPE merges in rank order, as GGUF writes them: two tokens with a space between."""
        import json

        merges = json.loads(self._tokenizer.to_str())["model"]["merges"]
        return [" ".join(pair) if isinstance(pair, list) else pair for pair in merges]


def train_vocabulary(texts: Iterator[str], vocab_size: int, path: Path) -> Vocabulary:
    """Learn a vocabulary and keep it as a `tokenizer.json`.

    Args:
        texts: training texts.
        vocab_size: size of the vocabulary with its markers.
        path: where to write.
    """
    tokenizer = Tokenizer(models.BPE())
    splits = [pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in _PATTERNS]
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*splits, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(MARKERS),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        max_token_length=_MAX_TOKEN_CHARS,
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path))
    return read_vocabulary(path)


def read_vocabulary(path: Path) -> Vocabulary:
    """Read what `train_vocabulary` wrote."""
    return Vocabulary(Tokenizer.from_file(str(path)))

"""A model's tokens without llama.cpp: byte-level BPE from the file's own vocabulary and merges.

It gives the tokens that `llama_vocabulary` gives for the same file, for machines and libraries
that have no llama.cpp to ask.  Hugging Face's `tokenizers` does the merging.  Control tokens and
markers are unknown to it, so no text can become one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokenizers import Regex, Tokenizer, pre_tokenizers
from tokenizers.models import BPE

from lsp_server.engine.runners.byte_letters import TEXT_LETTERS, bytes_of_letters
from lsp_server.engine.runners.pre_tokenizers import PATTERNS
from lsp_server.engine.runners.safe_pieces import (
    LiteralFinder,
    is_marker_literal,
    safe_pieces,
    utf8_bytes,
)
from lsp_server.errors import ModelFileError
from lsp_server.models.fim_detection import FimFinding
from lsp_server.models.fim_formats import MarkerRole
from lsp_server.models.gguf import GgufHeader

#: `llama_token_type` in llama.cpp's include/llama.h.
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_SPECIAL = frozenset({_UNKNOWN, _CONTROL, _USER_DEFINED})
#: Their texts are never shown.
_HIDDEN = frozenset({_UNKNOWN, _CONTROL})
_END_KEYS = ("eos_token_id", "eot_token_id", "eom_token_id")
#: Special tokens that end an answer in whichever model they are; `special_eog_ids` in
#: src/llama-vocab.cpp.
_END_TEXTS = frozenset(
    {
        "<|eot_id|>",
        "<|im_end|>",
        "<|end|>",
        "<|return|>",
        "<|call|>",
        "<end_of_turn>",
        "<|endoftext|>",
        "</s>",
        "<|eom_id|>",
        "<EOT>",
        "_<EOT>",
        "[EOT]",
        "[EOS]",
        "<|end_of_text|>",
        "<end_of_utterance>",
        "<｜end▁of▁sentence｜>",
    }
)
_NO_LITERALS = LiteralFinder(frozenset())


class BpeVocabulary:
    """Implements `runners.base.Vocabulary` for a byte-level BPE file.

    Any thread may call it.
    """

    def __init__(self, header: GgufHeader, finding: FimFinding, name: str) -> None:
        """Read the vocabulary and check it.

        Args:
            header: The header of the file.
            finding: What `find_fim_format` said of it.
            name: The model's name in messages.

        Raises:
            ModelFileError: It is of another kind or pre-tokenizer, or damaged.
        """
        self._name = name
        self._metadata = header.metadata
        self._finding = finding
        self._texts = self._metadata.texts("tokenizer.ggml.tokens")
        types = self._metadata.integers("tokenizer.ggml.token_type")
        if len(types) != len(self._texts):
            raise self._damaged(f"{len(self._texts)} tokens have {len(types)} types")
        controls = {token for token, type_ in enumerate(types) if type_ in _HIDDEN}
        self._hidden = controls.union(finding.marker_tokens.values())
        self._special = {token for token, type_ in enumerate(types) if type_ in _SPECIAL}
        self._bpe = self._make_bpe()
        user_defined = {token for token, type_ in enumerate(types) if type_ == _USER_DEFINED}
        self._plain = self._plain_tokens(user_defined)
        self._plain_pattern = _alternatives(self._plain)
        markers = user_defined.union(finding.marker_tokens.values())
        texts = (self._texts[token] for token in markers)
        self._finder = LiteralFinder(frozenset(filter(is_marker_literal, texts)))
        self._specials_by_text = {self._texts[token]: token for token in self._special}
        self._special_pattern = _alternatives(self._specials_by_text)
        self._bytes = [self._read_bytes(token) for token in range(len(self._texts))]
        self._bos_token = self._declared_bos_token()
        self._end_tokens = self._all_end_tokens()

    @property
    def size(self) -> int:
        """Number of tokens."""
        return len(self._texts)

    @property
    def bos_token(self) -> int | None:
        """The token that every prompt starts with, or `None` if the model wants none."""
        return self._bos_token

    @property
    def end_tokens(self) -> frozenset[int]:
        """Tokens that end an answer: end of generation and the FIM markers."""
        return self._end_tokens

    def marker_token(self, role: MarkerRole) -> int | None:
        """Return the token of a role, or `None` if this model has none."""
        return self._finding.marker_tokens.get(role)

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of document text, without BOS.

        Never a control token, and of the user-defined ones only white space and single
        characters, which mean themselves.  Lone surrogates count as U+FFFD.
        """
        tokens: list[int] = []
        for piece in safe_pieces(text, self._finder):
            tokens += self._tokenize_around(piece, self._plain_pattern, self._plain)
        return tokens

    def tokenize_template(self, text: str) -> list[int]:
        """Return the tokens of a chat template's own text, special tokens included."""
        tokens: list[int] = []
        for piece in safe_pieces(text, _NO_LITERALS):
            tokens += self._tokenize_around(piece, self._special_pattern, self._specials_by_text)
        return tokens

    def token_bytes(self, token: int) -> bytes:
        """Return the bytes of a token; control tokens and markers have none.

        Raises:
            IndexError: There is no such token.
        """
        if not 0 <= token < self.size:
            raise IndexError(f"token {token} is outside the {self.size} of {self._name}")
        return self._bytes[token]

    def _tokenize_around(
        self, piece: str, pattern: re.Pattern[str] | None, tokens: dict[str, int]
    ) -> list[int]:
        """Return the tokens of a text in which some texts are tokens as they stand."""
        found: list[int] = []
        for part in pattern.split(piece) if pattern else [piece]:
            if part in tokens:
                found.append(tokens[part])
            elif part:
                valid = utf8_bytes(part).decode()
                found += self._bpe.encode(valid, add_special_tokens=False).ids
        return found

    def _make_bpe(self) -> Tokenizer:
        kind = self._metadata.text("tokenizer.ggml.model")
        pre_tokenizer = self._metadata.try_text("tokenizer.ggml.pre") or "unnamed"
        if kind != "gpt2" or pre_tokenizer not in PATTERNS:
            raise ModelFileError(
                f"{self._name}: Bantam cannot tokenise for the vocabulary {kind!r} with the "
                f"pre-tokenizer {pre_tokenizer!r} without llama.cpp; it knows 'gpt2' with "
                f"{', '.join(PATTERNS)}: use the engine llama.cpp"
            )
        vocabulary = {
            text: token for token, text in enumerate(self._texts) if token not in self._special
        }
        if missing := TEXT_LETTERS - vocabulary.keys():
            raise self._damaged(f"no token stands for the byte {min(missing)!r}")
        bpe = Tokenizer(BPE(vocabulary, self._merges(vocabulary)))
        cuts = [
            pre_tokenizers.Split(Regex(pattern), "isolated") for pattern in PATTERNS[pre_tokenizer]
        ]
        bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [*cuts, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
        )
        return bpe

    def _merges(self, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
        merges: list[tuple[str, str]] = []
        for merge in self._metadata.texts("tokenizer.ggml.merges"):
            left, _, right = merge.partition(" ")
            if not {left, right, left + right} <= vocabulary.keys():
                raise self._damaged(f"the merge {merge!r} does not join two tokens to a third")
            merges.append((left, right))
        return merges

    def _plain_tokens(self, user_defined: Iterable[int]) -> dict[str, int]:
        """Return user-defined tokens that mean their own text, such as DeepSeek's `ü`."""
        texts = {self._texts[token]: token for token in user_defined}
        return {
            text: token for text, token in texts.items() if text and not is_marker_literal(text)
        }

    def _read_bytes(self, token: int) -> bytes:
        text = self._texts[token]
        if token in self._special:
            return text.encode("utf-8", "surrogateescape") if token not in self._hidden else b""
        try:
            return bytes_of_letters(text)
        except KeyError as error:
            raise self._damaged(
                f"its token {token}, {text!r}, has a character that stands for no byte"
            ) from error

    def _declared_bos_token(self) -> int | None:
        if not self._metadata.try_flag("tokenizer.ggml.add_bos_token"):
            return None
        token = self._metadata.integer("tokenizer.ggml.bos_token_id")
        if not 0 <= token < self.size:
            raise self._damaged(f"its BOS token {token} is outside its {self.size} tokens")
        return token

    def _all_end_tokens(self) -> frozenset[int]:
        declared = {self._metadata.try_integer(f"tokenizer.ggml.{key}") for key in _END_KEYS}
        ends = {token for token in self._special if self._texts[token] in _END_TEXTS}
        ends |= {token for token in declared if token is not None and 0 <= token < self.size}
        markers = self._finding.marker_tokens.values()
        return frozenset(ends | self._finding.stop_tokens | frozenset(markers))

    def _damaged(self, problem: str) -> ModelFileError:
        return ModelFileError(f"{self._name}: {problem}; download or convert the model again")


def _alternatives(texts: Iterable[str]) -> re.Pattern[str] | None:
    """Return a pattern that finds any of the texts, the longest first, and keeps it in splits."""
    longest_first = sorted(texts, key=lambda text: (-len(text), text))
    return re.compile(f"({'|'.join(map(re.escape, longest_first))})") if longest_first else None

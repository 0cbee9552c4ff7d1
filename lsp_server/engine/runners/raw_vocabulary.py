"""llama.cpp's vocabulary calls as Python values; no policy."""

from __future__ import annotations

import ctypes
import enum

import llama_cpp

_PIECE_BYTES = 64
#: No token stands for less than a byte; SentencePiece may add a space.
_SPARE_TOKENS = 8


class TokenKind(enum.Enum):
    """What llama.cpp takes a token for."""

    TEXT = "text"
    CONTROL = "control"
    USER_DEFINED = "user-defined"


class RawVocabulary:
    """The vocabulary of a loaded model, which must outlive this object.

    llama.cpp does not change a vocabulary after loading, so any thread may call.
    """

    def __init__(self, model: llama_cpp.llama_model_p) -> None:
        self._vocab = llama_cpp.llama_model_get_vocab(model)
        self.size = int(llama_cpp.llama_vocab_n_tokens(self._vocab))

    def is_bpe_or_sentencepiece(self) -> bool:
        """Whether text becomes tokens in one of the two ways that code models use."""
        return int(llama_cpp.llama_vocab_type(self._vocab)) in {
            llama_cpp.LLAMA_VOCAB_TYPE_BPE,
            llama_cpp.LLAMA_VOCAB_TYPE_SPM,
        }

    def tokenize(self, text: bytes) -> list[int]:
        """Return tokens of UTF-8 text without BOS; user-defined tokens are matched in it.

        Invalid UTF-8 ends the process.
        """
        return self._tokenize(text, parse_special=False)

    def tokenize_special(self, text: bytes) -> list[int]:
        """Return tokens of UTF-8 text without BOS; every special token is matched in it.

        Invalid UTF-8 ends the process.
        """
        return self._tokenize(text, parse_special=True)

    def _tokenize(self, text: bytes, *, parse_special: bool) -> list[int]:
        room = len(text) + _SPARE_TOKENS
        buffer = (llama_cpp.llama_token * room)()
        num_tokens = int(
            llama_cpp.llama_tokenize(
                self._vocab, text, len(text), buffer, room, False, parse_special
            )
        )
        assert num_tokens >= 0, f"llama.cpp makes {-num_tokens} tokens of {len(text)} bytes"
        return list(buffer[:num_tokens])

    def piece(self, token: int) -> bytes:
        """Return the bytes that a token adds to a text; control tokens add none."""
        num_bytes = _PIECE_BYTES
        while True:
            buffer = ctypes.create_string_buffer(num_bytes)
            result = int(
                llama_cpp.llama_token_to_piece(self._vocab, token, buffer, num_bytes, 0, False)
            )
            if result >= 0:
                return buffer.raw[:result]
            num_bytes = -result

    def text(self, token: int) -> str:
        """Return a token's text as the file has it."""
        text: bytes = llama_cpp.llama_vocab_get_text(self._vocab, token)
        return text.decode("utf-8", "replace")

    def kind(self, token: int) -> TokenKind:
        """Return what a token is."""
        attributes = int(llama_cpp.llama_vocab_get_attr(self._vocab, token))
        if attributes & llama_cpp.LLAMA_TOKEN_ATTR_CONTROL:
            return TokenKind.CONTROL
        if attributes & llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED:
            return TokenKind.USER_DEFINED
        return TokenKind.TEXT

    def ends_generation(self, token: int) -> bool:
        """Whether llama.cpp takes the token for an end of generation."""
        return bool(llama_cpp.llama_vocab_is_eog(self._vocab, token))

    def adds_bos(self) -> bool:
        """Whether the file, or its kind's default, says that prompts start with BOS."""
        return bool(llama_cpp.llama_vocab_get_add_bos(self._vocab))

    def bos(self) -> int:
        """Return the BOS token; negative if there is none."""
        return int(llama_cpp.llama_vocab_bos(self._vocab))

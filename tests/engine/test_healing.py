from __future__ import annotations

import pytest

from lsp_server.engine.api import MarkerRole
from lsp_server.engine.healing import ForcedPrefix, TokenSpelling
from lsp_server.errors import BadRequestError


class ListedVocabulary:
    """A vocabulary of given tokens; the last one is BOS, the one before ends answers."""

    def __init__(self, *pieces: bytes) -> None:
        self._pieces = [*pieces, b"<end>", b"<bos>"]

    @property
    def size(self) -> int:
        return len(self._pieces)

    @property
    def bos_token(self) -> int | None:
        return len(self._pieces) - 1

    @property
    def end_tokens(self) -> frozenset[int]:
        return frozenset({len(self._pieces) - 2})

    def tokenize(self, text: str) -> list[int]:
        raise NotImplementedError

    def tokenize_template(self, text: str) -> list[int]:
        raise NotImplementedError

    def token_bytes(self, token: int) -> bytes:
        return self._pieces[token]

    def marker_token(self, role: MarkerRole) -> int | None:
        return None


VOCABULARY = ListedVocabulary(b"r", b"re", b"return", b"returns", b"x", b"", b"ret", b"u", b"e")


def allowed(forced: bytes, vocabulary: ListedVocabulary = VOCABULARY) -> set[bytes]:
    tokens = ForcedPrefix(forced, TokenSpelling(vocabulary)).allowed_tokens()
    assert tokens is not None
    return {vocabulary.token_bytes(int(token)) for token in tokens}


def test_allows_beginnings_of_the_rest_and_what_goes_on_after_it() -> None:
    assert allowed(b"ret") == {b"r", b"re", b"ret", b"return", b"returns"}


def test_allows_nothing_that_ends_an_answer() -> None:
    assert b"<end>" not in {
        VOCABULARY.token_bytes(int(token))
        for token in TokenSpelling(VOCABULARY).tokens_towards(b"<end>")
    }


def test_tokens_come_in_ascending_order() -> None:
    tokens = TokenSpelling(VOCABULARY).tokens_towards(b"ret")
    assert list(tokens) == sorted(tokens)


def test_rest_shrinks_with_each_token() -> None:
    prefix = ForcedPrefix(b"retu", TokenSpelling(VOCABULARY))
    prefix.take(b"ret")
    tokens = prefix.allowed_tokens()
    assert tokens is not None
    assert [VOCABULARY.token_bytes(int(token)) for token in tokens] == [b"u"]


def test_everything_is_allowed_once_it_is_spelled() -> None:
    prefix = ForcedPrefix(b"re", TokenSpelling(VOCABULARY))
    prefix.take(b"return")
    assert prefix.allowed_tokens() is None


def test_everything_is_allowed_without_forced_bytes() -> None:
    assert ForcedPrefix(b"", TokenSpelling(VOCABULARY)).allowed_tokens() is None


def test_bytes_that_no_token_spells_are_an_error() -> None:
    with pytest.raises(BadRequestError, match="byte 0xc3"):
        ForcedPrefix("ß".encode(), TokenSpelling(VOCABULARY)).allowed_tokens()


def test_tokens_with_the_highest_byte_are_found() -> None:
    vocabulary = ListedVocabulary(b"\xff", b"\xff\xff", b"a\xff\xff\xff")
    assert allowed(b"\xff", vocabulary) == {b"\xff", b"\xff\xff"}
    assert allowed(b"a", vocabulary) == {b"a\xff\xff\xff"}

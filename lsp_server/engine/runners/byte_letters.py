"""The printable letters that byte-level BPE writes bytes with (openai/gpt-2 src/encoder.py)."""

from __future__ import annotations

_PRINTABLE = frozenset([*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)])
#: Bytes that no UTF-8 text has; vocabularies may lack them.
_NEVER_IN_UTF8 = frozenset([0xC0, 0xC1, *range(0xF5, 0x100)])


def _letters() -> tuple[str, ...]:
    others = iter(range(0x100, 0x200))
    return tuple(chr(byte) if byte in _PRINTABLE else chr(next(others)) for byte in range(256))


_LETTERS = _letters()
_BYTES = {letter: byte for byte, letter in enumerate(_LETTERS)}

#: The letters of all bytes that text can have.
TEXT_LETTERS = frozenset(_LETTERS[byte] for byte in range(256) if byte not in _NEVER_IN_UTF8)


def bytes_of_letters(text: str) -> bytes:
    """Return the bytes that a token's letters stand for.

    Raises:
        KeyError: A character is none of the letters.
    """
    return bytes(_BYTES[letter] for letter in text)

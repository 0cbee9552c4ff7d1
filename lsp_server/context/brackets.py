"""Brackets in a piece of code, read by characters: good for rows that do not parse yet."""

from __future__ import annotations

from collections.abc import Iterator

_CLOSER_OF = {"(": ")", "[": "]", "{": "}"}
_CLOSERS = frozenset(_CLOSER_OF.values())
_QUOTES = ('"""', "'''", '"', "'", "`")


def missing_closers(text: str, line_comment: str = "#") -> str:
    """Return the closing brackets that a text still needs, innermost first.

    Args:
        text: Code that begins outside of strings and comments.
        line_comment: What begins a comment to the end of the line.
    """
    return "".join(_CLOSER_OF[opener] for opener in reversed(_balance(text, line_comment)[0]))


def surplus_closers(text: str, line_comment: str = "#") -> str:
    """Return the closing brackets of a text that it did not open itself, in its own order."""
    return "".join(_balance(text, line_comment)[1])


def _balance(text: str, line_comment: str) -> tuple[list[str], list[str]]:
    opened: list[str] = []
    surplus: list[str] = []
    for character in _code_brackets(text, line_comment):
        if character in _CLOSER_OF:
            opened.append(character)
        elif opened and _CLOSER_OF[opened[-1]] == character:
            opened.pop()
        else:
            surplus.append(character)
    return opened, surplus


def _code_brackets(text: str, line_comment: str) -> Iterator[str]:
    """Yield brackets outside of strings and comments."""
    index = 0
    while index < len(text):
        if text.startswith(line_comment, index):
            newline = text.find("\n", index)
            index = len(text) if newline < 0 else newline
            continue
        quote = next((one for one in _QUOTES if text.startswith(one, index)), None)
        if quote is not None:
            index = _after_string(text, index, quote)
            continue
        if text[index] in _CLOSER_OF or text[index] in _CLOSERS:
            yield text[index]
        index += 1


def _after_string(text: str, start: int, quote: str) -> int:
    """Return where the string ends; a quote with no partner on its row is no string."""
    index = start + len(quote)
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        if text.startswith(quote, index):
            return index + len(quote)
        if text[index] == "\n" and len(quote) == 1 and quote != "`":
            break
        index += 1
    return start + len(quote)

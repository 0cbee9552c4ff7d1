"""Expressions before a member access, as chains of names: `self.store.open("x").` and the like."""

from __future__ import annotations

import re
from dataclasses import dataclass

_IDENTIFIER = re.compile(r"[^\W\d]\w*")
_IDENTIFIER_AT_END = re.compile(r"[^\W\d]\w*$")
_KEYWORDS = re.compile(r"^(?:await|new|return|yield|&mut|&|\*|!|mut)\s*")
_CLOSING = {")": "(", "]": "["}


@dataclass(frozen=True, slots=True)
class Link:
    """One part of a chain.

    Attributes:
        name: The name.
        is_called: Whether arguments follow it.
    """

    name: str
    is_called: bool


@dataclass(frozen=True, slots=True)
class Receiver:
    """What a member is being asked of.

    Attributes:
        text: The expression before the access.
        partial: What is typed of the member's name.
    """

    text: str
    partial: str


def receiver_before(head: str, accesses: tuple[str, ...]) -> Receiver | None:
    """Return the receiver if a row's text before the cursor asks for a member.

    Args:
        head: The row up to the cursor.
        accesses: What the language writes between receiver and member.
    """
    partial = _IDENTIFIER_AT_END.search(head)
    before = head[: partial.start()] if partial else head
    access = next((one for one in sorted(accesses, key=len)[::-1] if before.endswith(one)), None)
    if access is None:
        return None
    expression = _trailing_expression(before.removesuffix(access), accesses)
    if not expression:
        return None
    return Receiver(expression, partial[0] if partial else "")


def links_of(expression: str, accesses: tuple[str, ...]) -> tuple[Link, ...]:
    """Return the parts of an expression; empty when it is more than a chain of names."""
    text = expression.strip()
    while keyword := _KEYWORDS.match(text):
        text = text[keyword.end() :]
    links: list[Link] = []
    while True:
        name = _IDENTIFIER.match(text)
        if name is None:
            return ()
        rest = text[name.end() :].lstrip()
        called = False
        while rest[:1] in ("(", "[", "?", "!"):
            if rest[0] in "?!":
                if rest.startswith(accesses):
                    break
                rest = rest[1:]
                continue
            called = called or rest[0] == "("
            rest = _after_bracket(rest).lstrip()
        links.append(Link(name[0], called))
        if not rest:
            return tuple(links)
        access = next((one for one in sorted(accesses, key=len)[::-1] if rest.startswith(one)), "")
        if not access:
            return ()
        text = rest.removeprefix(access).lstrip()


def type_names(type_text: str) -> tuple[str, ...]:
    """Return the names in a type as written, outermost first: `Optional[a.Store]` and so on."""
    return tuple(
        re.sub(r"\s", "", match)
        for match in re.findall(r"[^\W\d]\w*(?:\s*(?:\.|::)\s*[^\W\d]\w*)*", type_text)
    )


def _trailing_expression(text: str, accesses: tuple[str, ...]) -> str:
    """Return the longest chain of names and brackets that a text ends with."""
    end = len(text)
    start = end
    while start > 0:
        character = text[start - 1]
        if character in _CLOSING:
            opening = _opening_before(text, start - 1)
            if opening is None:
                break
            start = opening
            continue
        if character.isalnum() or character == "_":
            start -= 1
            continue
        access = next((one for one in accesses if text[:start].endswith(one)), None)
        if access is None:
            break
        start -= len(access)
    return text[start:end].strip()


def _opening_before(text: str, closing: int) -> int | None:
    depth = 0
    for index in range(closing, -1, -1):
        if text[index] in ")]":
            depth += 1
        elif text[index] in "([":
            depth -= 1
            if depth == 0:
                return index
    return None


def _after_bracket(text: str) -> str:
    depth = 0
    for index, character in enumerate(text):
        if character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
            if depth == 0:
                return text[index + 1 :]
    return ""

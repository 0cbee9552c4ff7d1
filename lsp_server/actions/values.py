r"""What a code action is asked with and what comes back: plain values, no LSP types.

Offsets are code points of the document as the caller has it, line endings included.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from lsp_server.completion.query import Project

#: Kinds of code action, as LSP calls them.
QUICK_FIX = "quickfix"
REWRITE = "refactor.rewrite"
EXPLANATION = "bantam.explain"
KINDS = (QUICK_FIX, REWRITE, EXPLANATION)


class Need(enum.Enum):
    """What an action needs of the model."""

    INFILL = "fill in the middle"
    CHAT = "follow instructions"


class Effect(enum.Enum):
    """What an action gives."""

    EDIT = "an edit of the document"
    TEXT = "a text to read"


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """Something that is wrong with the document.

    Attributes:
        start: Where it begins.
        end: Where it ends.
        message: What is wrong.
        key: Names it for the caller; opaque here.
    """

    start: int
    end: int
    message: str
    key: int = 0


@dataclass(frozen=True, slots=True)
class ActionQuery:
    r"""A place in a document.

    Attributes:
        uri: Names the document.
        path: What the model is told the file is called; `None` for a document without a file.
        language: The LSP language identifier.
        text: The whole document, with `\n`, `\r\n` or `\r` line endings.
        start: Where the selection begins.
        end: Where it ends; equal to `start` for a cursor.
        diagnostics: What is wrong near it.
        instruction: What a person asks for in words; empty if nothing.
        project: Where the document stands among others; `None`: it stands alone.
    """

    uri: str
    path: str | None
    language: str
    text: str
    start: int
    end: int
    diagnostics: tuple[Diagnostic, ...] = ()
    instruction: str = ""
    project: Project | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """That an action can be done at a place.

    Attributes:
        name: The action's name.
        title: What a menu calls it.
        diagnostic: What it fixes.
        kind: One of `KINDS`.
        effect: What it gives.
        disabled: Why the model that is set cannot do it; empty if it can, or nobody knows yet.
    """

    name: str
    title: str
    diagnostic: Diagnostic | None = None
    kind: str = REWRITE
    effect: Effect = Effect.EDIT
    disabled: str = ""


@dataclass(frozen=True, slots=True)
class EditResult:
    """A text that takes the place of a range of the document, in its own line endings."""

    start: int
    end: int
    text: str

    def apply(self, document: str) -> str:
        """Return the document with the edit."""
        return document[: self.start] + self.text + document[self.end :]


@dataclass(frozen=True, slots=True)
class TextResult:
    """A text to read, in Markdown."""

    markdown: str


Result = EditResult | TextResult

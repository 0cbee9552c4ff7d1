"""What a completion is asked with and what comes back: the pipeline's own narrow waist.

Editors, the command line and tests all speak these values; none of them knows LSP types.
Offsets are code points of the document as the caller has it, line endings included.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from lsp_server.engine.api import Cost, EndReason, ErrorReport, Priority


class OutcomeReason(enum.Enum):
    """Why a completion ended as it did; each of them is counted.

    The first two have suggestions, all others have none.
    """

    SHOWN = "shown"
    REMEMBERED = "remembered"
    EMPTY = "empty"
    FILTERED = "filtered"
    TOO_LITTLE_TEXT = "too_little_text"
    TEXT_RIGHT_OF_CURSOR = "text_right_of_cursor"
    DEBOUNCED = "debounced"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    STALE = "stale"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Project:
    """The files around a document, for what the model is shown of them.

    Attributes:
        file: The document's file, absolute; it need not exist.
        roots: Folders whose files may be read.
        open_texts: Texts of other open documents by file; they count before the files.
    """

    file: Path
    roots: tuple[Path, ...]
    open_texts: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class CompletionQuery:
    r"""One question at one cursor.

    Attributes:
        uri: Names the document; any text that stays the same between two questions.
        path: What the model is told the file is called, relative to its project where there
            is one; `None` for a document without a file.
        language: The LSP language identifier, such as `python`; unknown ones are fine.
        text: The whole document, with `\n`, `\r\n` or `\r` line endings.
        cursor: Offset of the cursor in `text`; one outside is taken to the nearest end.
        num_alternatives: How many different suggestions are wanted.
        priority: Who waits for the answer.
        is_automatic: Whether typing asked and not a person: then there are places where the
            model is not bothered, and a short wait comes first.
        project: Where the document stands among others; `None`: it stands alone.
    """

    uri: str
    path: str | None
    language: str
    text: str
    cursor: int
    num_alternatives: int = 1
    priority: Priority = Priority.GHOST_TEXT
    is_automatic: bool = False
    project: Project | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Text to put into the document.

    Attributes:
        text: With the document's own line endings; never empty.
        start: First offset of the document that it replaces: the cursor.
        end: Offset behind the last replaced character, on the cursor's line; equal to `start`
            unless `text` contains the closers that stand right of the cursor.
        finish_reason: Why the model, or a rule of ours, ended it.
    """

    text: str
    start: int
    end: int
    finish_reason: EndReason


@dataclass(frozen=True, slots=True)
class CompletionOutcome:
    """The answer to a query.

    Attributes:
        reason: Why it ended as it did.
        suggestions: Best first, all different.
        model: The model that was asked, or would have been.
        cost: What the engine reported.  When a stop rule of ours ended the request early,
            only `tokens_generated` is known.
        stage_ms: Milliseconds per stage that was entered, and `total`.
        error: Set when, and only when, the reason is `FAILED`.
    """

    reason: OutcomeReason
    suggestions: tuple[Suggestion, ...] = ()
    model: str = ""
    cost: Cost = field(default_factory=Cost)
    stage_ms: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    error: ErrorReport | None = None

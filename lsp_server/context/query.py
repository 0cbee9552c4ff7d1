"""What is asked of `context` and what it answers: plain values."""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from lsp_server.context.definitions import Definition
from lsp_server.context.index import FileFacts
from lsp_server.context.syntax import ParsedText

#: Counts the tokens of a text; need not be exact.
CountTokens = Callable[[str], int]

#: Characters of source code per token where nothing better is known.
CHARS_PER_TOKEN = 3.2


def estimate_tokens(text: str) -> int:
    """Count tokens by the length of the text."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


@dataclass(frozen=True, slots=True)
class ContextQuery:
    """One cursor in one document.

    Attributes:
        path: The document's file, absolute; it need not exist.
        text: The document's text.
        cursor: Offset in `text`.
        budget_tokens: How many tokens the answer may take when it is written into a prompt.
        language_id: What the editor calls the language; by the path's ending when empty.
        window: Offsets between which the prompt shows the document itself.
        open_texts: Texts of other open documents by path; they count before the files.
        deadline_ms: Milliseconds after which no further work is begun.
        count: Counts tokens.
        syntax: `text` as parsed, where the caller has it.
    """

    path: Path
    text: str
    cursor: int
    budget_tokens: int
    language_id: str = ""
    window: tuple[int, int] | None = None
    open_texts: Mapping[Path, str] = field(default_factory=dict)
    deadline_ms: float = 30.0
    count: CountTokens = estimate_tokens
    syntax: ParsedText | None = field(default=None, repr=False)


class Source(enum.Enum):
    """Why a definition is a candidate; the value is a block's `kind`."""

    RECEIVER = "receiver"
    SEEN = "definition"
    REACHABLE = "member"
    OUTLINE = "outline"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A definition that could help at the cursor.

    Attributes:
        file: Where it stands.
        definition: The definition.
        source: Why it was collected.
        closeness: 0 to 1: how near the cursor the reason stands.
    """

    file: FileFacts
    definition: Definition
    source: Source
    closeness: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A candidate and its weight; higher is better."""

    candidate: Candidate
    score: float


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Headers of one outermost definition of one file.

    Attributes:
        path: The file, relative to its workspace folder, with `/`.
        start_line: Line of the first header shown, from 1.
        end_line: Line on which the last header shown ends, from 1.
        kind: Why it is here: a value of `Source`.
        score: Of its best header.
        tokens: Of `text`.
        text: Headers in the order of the file, without a newline at the end.
        line_comment: What begins a comment in the file's language.
    """

    path: str
    start_line: int
    end_line: int
    kind: str
    score: float
    tokens: int
    text: str
    line_comment: str


@dataclass(frozen=True, slots=True)
class Gathered:
    """The answer to a query.

    Attributes:
        blocks: In the order in which they stand in the prompt.
        is_complete: Whether there was time for everything; if not, asking again helps.
    """

    blocks: tuple[Block, ...]
    is_complete: bool = True

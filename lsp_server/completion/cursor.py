r"""A document seen from its cursor: built once per query, read by every stage.

The model, and every rule that looks at text, sees `\n` as the only line ending and no half
surrogate pairs (which are no text, and which no peer could encode).  A suggestion goes back
with the document's own line ending; because it replaces text on the cursor's line only,
its offsets differ from the document's by one constant.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from lsp_server.completion.query import CompletionQuery, Project
from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.syntax import DocumentTrees, ParsedText

#: A longer text takes too long to parse between two keys.
MAX_PARSED_CHARS = 300_000

_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_LINE_BREAK_TO_CHANGE = re.compile(r"\r\n?")
_HALF_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Cursor:
    r"""A document and a place in it, with what the stages ask for.

    Attributes:
        uri: The document's name.
        path: What the model is told the file is called.
        language: The LSP language identifier.
        text: The document with `\n` line endings.
        offset: The cursor in `text`.
        document_offset: The cursor in the document as it came.
        line_ending: The document's own, by its first line.
        before: `text` up to the cursor.
        after: `text` from the cursor on.
        line_prefix: The cursor's line up to the cursor.
        line_suffix: The cursor's line from the cursor on.
        project: Where the document stands among others, if it does.
        syntax: `text` as parsed; `None` for a language without a grammar and for a long text.
    """

    uri: str
    path: str | None
    language: str
    text: str
    offset: int
    document_offset: int
    line_ending: str
    before: str
    after: str
    line_prefix: str
    line_suffix: str
    project: Project | None = None
    syntax: ParsedText | None = field(default=None, repr=False, compare=False)

    @property
    def indentation(self) -> int:
        """How many blanks the cursor's line begins with."""
        return indentation_of(self.line_prefix)

    @property
    def line_above(self) -> str:
        """The line above the cursor's, or an empty one."""
        return self.before[: len(self.before) - len(self.line_prefix)][:-1].rpartition("\n")[2]

    @property
    def next_line(self) -> str | None:
        """The first line below the cursor's that is not blank."""
        start = len(self.line_suffix) + 1
        while start < len(self.after):
            end = self.after.find("\n", start)
            line = self.after[start : end if end >= 0 else len(self.after)]
            if line.strip():
                return line
            if end < 0:
                break
            start = end + 1
        return None


def look_from_cursor(query: CompletionQuery, trees: DocumentTrees | None = None) -> Cursor:
    """Return the query's document as the stages see it, parsed if there are trees.

    Args:
        query: The question.
        trees: The trees of the documents at their last questions.
    """
    document_offset = _nearest_place(query.text, query.cursor)
    before = _normalised(query.text[:document_offset])
    after = _normalised(query.text[document_offset:])
    line_break = _LINE_BREAK.search(query.text)
    return Cursor(
        uri=query.uri,
        path=query.path,
        language=query.language,
        text=before + after,
        offset=len(before),
        document_offset=document_offset,
        line_ending=line_break.group() if line_break else "\n",
        before=before,
        after=after,
        line_prefix=before.rpartition("\n")[2],
        line_suffix=after.partition("\n")[0],
        project=query.project,
        syntax=_parsed(query, before + after, trees),
    )


def _parsed(query: CompletionQuery, text: str, trees: DocumentTrees | None) -> ParsedText | None:
    if trees is None or len(text) > MAX_PARSED_CHARS:
        return None
    language = language_of_id(query.language)
    return trees.parse(query.uri, text, language) if language is not None else None


def indentation_of(line: str) -> int:
    """Return how many blanks a line begins with."""
    return len(line) - len(line.lstrip(" \t"))


def _nearest_place(text: str, offset: int) -> int:
    """Return an offset inside `text`, and not between the halves of a line ending."""
    offset = max(0, min(offset, len(text)))
    return offset - 1 if text[offset - 1 : offset + 1] == "\r\n" else offset


def _normalised(text: str) -> str:
    if "\r" in text:
        text = _LINE_BREAK_TO_CHANGE.sub("\n", text)
    return text if text.isascii() else _HALF_SURROGATE.sub("\ufffd", text)

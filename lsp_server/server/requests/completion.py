"""`textDocument/completion`: popup items, within a time that does not make the popup wait."""

from __future__ import annotations

import asyncio
import re

from lsprotocol import types

from lsp_server.completion.query import Suggestion
from lsp_server.server.questions import Question, popup_question
from lsp_server.server.requests.inline_completion import ACCEPTED_COMMAND
from lsp_server.server.session import Session

TRIGGER_CHARACTERS = (".", "(", "[", "{", "=", ",")
_WORD_AT_END = re.compile(r"[\w$]+\Z")
_MAX_WORD_CHARS = 200
_MAX_LABEL_CHARS = 60
#: Sorts behind the items of language servers that know the program.
_SORT_TEXT = "~bantam"


async def completion(session: Session, params: types.CompletionParams) -> types.CompletionList:
    """Return what exists in time; the request goes on, so that the next one finds its answer."""
    question = popup_question(session, params) if session.is_popup_on else None
    if question is None:
        return types.CompletionList(is_incomplete=False, items=[])
    asking = session.tasks.start(
        session.complete(question.query, question.document), "a popup completion"
    )
    try:
        await asyncio.wait({asking}, timeout=_popup_s(session))
    except asyncio.CancelledError:
        asking.cancel()
        raise
    is_complete = asking.done() and not asking.cancelled()
    suggestions = asking.result().suggestions if is_complete else await _so_far(session, question)
    return types.CompletionList(
        is_incomplete=not (is_complete and suggestions),
        items=[_item(session, question, suggestion) for suggestion in suggestions],
    )


def _popup_s(session: Session) -> float:
    return session.configuration.settings.completion.popup_ms / 1_000


async def _so_far(session: Session, question: Question) -> tuple[Suggestion, ...]:
    if not session.documents.is_current(question.document):
        return ()
    return (await session.completer.pipeline()).so_far(question.query)


def _item(session: Session, question: Question, suggestion: Suggestion) -> types.CompletionItem:
    content = question.document.content
    word = _word_before(content.text, suggestion.start)
    text = word + suggestion.text
    return types.CompletionItem(
        label=_label(text),
        kind=types.CompletionItemKind.Text,
        detail="Bantam",
        documentation=types.MarkupContent(
            kind=types.MarkupKind.Markdown,
            value=f"```{question.document.language}\n{text}\n```",
        ),
        filter_text=_label(text),
        sort_text=_SORT_TEXT,
        insert_text_format=types.InsertTextFormat.PlainText,
        insert_text_mode=types.InsertTextMode.AsIs,
        text_edit=types.TextEdit(
            range=session.codec.range_of(content, suggestion.start - len(word), suggestion.end),
            new_text=text,
        ),
        command=types.Command(
            title="Suggestion accepted",
            command=ACCEPTED_COMMAND,
            arguments=[session.feedback.offer()],
        ),
    )


def _word_before(text: str, offset: int) -> str:
    """Return the word that ends at an offset; of a very long one, its end."""
    found = _WORD_AT_END.search(text[max(0, offset - _MAX_WORD_CHARS) : offset])
    return found.group() if found else ""


def _label(text: str) -> str:
    """Return the first line that says something, short enough for a list."""
    line = next(line for line in text.split("\n") if line.strip()).strip()
    return line if len(line) <= _MAX_LABEL_CHARS else line[: _MAX_LABEL_CHARS - 1] + "…"

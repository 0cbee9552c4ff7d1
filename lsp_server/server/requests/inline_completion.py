"""`textDocument/inlineCompletion`: ghost text."""

from __future__ import annotations

from lsprotocol import types

from lsp_server.completion.query import Suggestion
from lsp_server.server.questions import Question, ghost_text_question
from lsp_server.server.session import Session

ACCEPTED_COMMAND = "bantam.accepted"


async def inline_completion(
    session: Session, params: types.InlineCompletionParams
) -> types.InlineCompletionList:
    """Return what the model would write at the cursor; empty when that comes to nothing."""
    question = ghost_text_question(session, params)
    if question is None:
        return types.InlineCompletionList(items=[])
    outcome = await session.complete(question.query, question.document)
    return types.InlineCompletionList(
        items=[_item(session, question, suggestion) for suggestion in outcome.suggestions]
    )


def _item(
    session: Session, question: Question, suggestion: Suggestion
) -> types.InlineCompletionItem:
    num_replaced_chars = suggestion.end - suggestion.start
    return types.InlineCompletionItem(
        insert_text=question.inserted + suggestion.text,
        range=session.codec.range_of(
            question.document.content, question.start, question.end + num_replaced_chars
        ),
        command=types.Command(
            title="Suggestion accepted",
            command=ACCEPTED_COMMAND,
            arguments=[session.feedback.offer()],
        ),
    )

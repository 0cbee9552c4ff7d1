"""Have the model fill a place in the middle of a document."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.actions.generating import Generator, OnProgress, Order, Stop, Written
from lsp_server.actions.values import ActionQuery
from lsp_server.completion.context_segments import context_segments
from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.query import CompletionQuery
from lsp_server.engine.api import Segment, TextSegment
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import CannotInfillError
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from lsp_server.prompt.chat_infill import MAX_WORD_CHARS, render_chat_infill
from lsp_server.prompt.fim import render_infill
from lsp_server.prompt.healing import Pieces, pieces_of

#: Characters per token is an average, and markers and the path come on top.
_SHARE_OF_ROOM = 0.75
_PREFIX_SHARE = 0.7
_MAX_WINDOW_CHARS = 12_000


@dataclass(frozen=True, slots=True)
class Hole:
    """A place to fill.

    Attributes:
        before: All text before it.
        after: All text after it.
        stop_texts: What is written ends before the first of these.
        max_lines: It has no more lines than this.
    """

    before: str
    after: str
    stop_texts: tuple[str, ...] = ()
    max_lines: int | None = None


def cursor_in(hole: Hole, query: ActionQuery) -> Cursor:
    """Return the document as completions see it from the hole, for their stop rules."""
    return look_from_cursor(
        CompletionQuery(
            uri=query.uri,
            path=query.path,
            language=query.language,
            text=hole.before + hole.after,
            cursor=len(hole.before),
            project=query.project,
        )
    )


async def fill(
    hole: Hole, query: ActionQuery, generator: Generator, on_progress: OnProgress, stop: Stop
) -> Written:
    """Return what the model writes into the hole.

    Raises:
        BantamError: The engine or the model failed.
    """
    info = await generator.info()
    if info.fim_format is None and not info.has_chat:
        raise CannotInfillError(
            f"the model {info.model} cannot write code at a place: {info.fim_reason}; choose a "
            "model with fill-in-the-middle tokens, or one that chats, in the setting model.name"
        )
    context = await generator.context(cursor_in(hole, query))
    num_spoken_for = generator.max_tokens(info) + sum(block.tokens for block in context)
    anchored = anchor(
        hole.before + hole.after,
        len(hole.before),
        _window(info, num_spoken_for),
        pieces=pieces_of(info.fim_format) if info.fim_format else Pieces.BLANK_AND_LETTERS,
    )
    segments, stop_texts = _rendered(
        anchored, query, info, context_segments(context, info.fim_format)
    )
    order = Order(
        uri=query.uri,
        segments=segments,
        forced_prefix=anchored.forced_prefix,
        stop_texts=hole.stop_texts + stop_texts,
        max_lines=hole.max_lines,
    )
    return await generator.write(order, on_progress, stop)


def _rendered(
    anchored: AnchoredDocument,
    query: ActionQuery,
    info: ModelInfo,
    context: tuple[TextSegment, ...],
) -> tuple[tuple[Segment, ...], tuple[str, ...]]:
    """Return the prompt, and what ends an answer to it."""
    place = (query.uri, query.path, query.language, context)
    if info.fim_format is not None:
        return render_infill(info.fim_format, anchored, *place), ()
    chat = render_chat_infill(anchored, *place)
    return chat.segments, chat.stop_texts


def _window(info: ModelInfo, num_spoken_for: int) -> AnchorWindow:
    """Return windows that fit beside an answer and the context, in tokens."""
    room_chars = (info.context_tokens - num_spoken_for) * info.chars_per_token * _SHARE_OF_ROOM
    if info.fim_format is None:
        room_chars -= MAX_WORD_CHARS
    num_chars = max(0, int(min(room_chars, _MAX_WINDOW_CHARS)))
    prefix_chars = int(num_chars * _PREFIX_SHARE)
    return AnchorWindow(prefix_chars=prefix_chars, suffix_chars=num_chars - prefix_chars)

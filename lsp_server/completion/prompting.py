"""From a cursor to the prompt: the anchor of each document, and windows that fit the model."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.completion.context_segments import context_segments
from lsp_server.completion.cursor import Cursor
from lsp_server.completion.gathering import context_budget
from lsp_server.context.query import Block
from lsp_server.engine.api import Segment, TextSegment
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import CannotInfillError
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from lsp_server.prompt.chat_infill import MAX_WORD_CHARS, render_chat_infill
from lsp_server.prompt.fim import render_infill
from lsp_server.prompt.healing import Pieces, pieces_of
from lsp_server.settings.schema import CompletionSettings

#: Documents whose anchor is remembered.
MAX_ANCHORS = 32
#: How much of the context the windows may fill: characters per token is an average, and what
#: is typed after the anchor, markers and the path come on top.
_SHARE_OF_CONTEXT = 0.8
#: Where text is so dense that a prompt does not fit, windows of these shares are tried in turn.
#: An emoji takes up to eight tokens.
SHRINKING_FACTORS = (1.0, 0.5, 0.25, 0.06)
_MIN_PREFIX_CHARS = 64


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the model is asked with.

    Attributes:
        segments: The prompt.
        forced_prefix: What the answer begins with although it stands in the document already:
            the word at the cursor, which the model reads better as whole tokens.
        stop_texts: What ends the answer, besides the model's own end tokens.
    """

    segments: tuple[Segment, ...]
    forced_prefix: str
    stop_texts: tuple[str, ...] = ()


class PromptWriter:
    """Writes prompts; keeps the anchor of each document so that a key only adds tokens.

    Attributes:
        settings: How much of a document is shown; other windows cost a new anchor.
    """

    def __init__(self, settings: CompletionSettings) -> None:
        self.settings = settings
        self._anchors: OrderedDict[str, AnchoredDocument] = OrderedDict()

    def prompt(
        self,
        cursor: Cursor,
        info: ModelInfo,
        context: Sequence[Block] = (),
        shrinking_factor: float = 1.0,
    ) -> Prompt:
        """Return the prompt for a cursor.

        Args:
            cursor: Where the answer goes.
            info: The model it is for.
            context: What was gathered from other files.
            shrinking_factor: One of `SHRINKING_FACTORS`; the share of the usual windows.

        Raises:
            CannotInfillError: The model has neither a fill-in-the-middle format nor a chat
                template.
        """
        _require_way_to_complete(info)
        window = self._window(cursor, info, shrinking_factor)
        previous = self._anchors.get(cursor.uri)
        anchored = anchor(cursor.text, cursor.offset, window, previous, _pieces(info))
        self._remember(cursor.uri, anchored)
        gathered = context_segments(context, info.fim_format)
        return _render(cursor, info, anchored, gathered)

    def has_written_for(self, uri: str) -> bool:
        """Return whether there was a prompt for a document, and its anchor is remembered."""
        return uri in self._anchors

    def forget(self, uri: str) -> None:
        """Drop the anchor of a document."""
        self._anchors.pop(uri, None)

    def _remember(self, uri: str, anchored: AnchoredDocument) -> None:
        self._anchors[uri] = anchored
        self._anchors.move_to_end(uri)
        if len(self._anchors) > MAX_ANCHORS:
            self._anchors.popitem(last=False)

    def _window(self, cursor: Cursor, info: ModelInfo, factor: float) -> AnchorWindow:
        """Return windows of the wanted sizes, or smaller ones of the same proportion.

        Room for context is left whether it is needed now or not: a window that changes its
        size costs a new anchor.
        """
        wanted = self.settings
        room_tokens = info.context_tokens - wanted.max_tokens
        room_tokens -= context_budget(cursor, info, wanted)
        room_chars = room_tokens * info.chars_per_token * _SHARE_OF_CONTEXT
        if info.fim_format is None:
            room_chars -= MAX_WORD_CHARS
        scale = factor * min(1.0, room_chars / (wanted.prefix_chars + wanted.suffix_chars))
        return AnchorWindow(
            prefix_chars=max(_MIN_PREFIX_CHARS, int(wanted.prefix_chars * scale)),
            suffix_chars=max(0, int(wanted.suffix_chars * scale)),
        )


def _require_way_to_complete(info: ModelInfo) -> None:
    if info.fim_format is None and not info.has_chat:
        raise CannotInfillError(
            f"the model {info.model} cannot complete code at a cursor: {info.fim_reason}; "
            "choose a model with fill-in-the-middle tokens, or one that chats, in the setting "
            "model.name"
        )


def _pieces(info: ModelInfo) -> Pieces:
    return pieces_of(info.fim_format) if info.fim_format else Pieces.BLANK_AND_LETTERS


def _render(
    cursor: Cursor,
    info: ModelInfo,
    anchored: AnchoredDocument,
    context: tuple[TextSegment, ...],
) -> Prompt:
    """Write with the model's markers; through its chat template where it has none."""
    if info.fim_format is not None:
        segments = render_infill(
            *(info.fim_format, anchored, cursor.uri, cursor.path, cursor.language, context)
        )
        return Prompt(segments, anchored.forced_prefix)
    chat = render_chat_infill(anchored, cursor.uri, cursor.path, cursor.language, context)
    return Prompt(chat.segments, anchored.forced_prefix, chat.stop_texts)

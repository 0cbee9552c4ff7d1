r"""From an anchored document to a conversation, for models that chat and cannot infill.  Pure.

    user        instructions, gathered context, suffix, prefix
    assistant   ```python
                tail                                     ← the model goes on here

The assistant's answer is begun for the model: with a fence, and with what is typed since the
anchor.  So the model only continues text, and a keystroke adds tokens at the very end, as with
the markers for filling in.  All that stands before stays the same while a line is typed.

Text of the document is never part of the template's own text, so it cannot forge a turn; and
the fence is longer than any run of backticks in the prompt, so it cannot close a block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from lsp_server.engine.api import Part, Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.prompt.anchor import AnchoredDocument
from lsp_server.prompt.paths import one_line

#: The longest that the words around the document are, in characters, without path and fences.
MAX_WORD_CHARS = 1_000

_INSTRUCTIONS = (
    "You complete code in an editor. You are shown a file with a gap: first the text after the "
    "gap, then the text before it. Write what belongs into the gap, so that it continues the text "
    "before it and leads to the text after it. Keep to the style and the names of the file. Answer "
    "with the missing text alone, in one block of code and without any explanation. Do not repeat "
    "the text after the gap. Where little is missing, write little.\n\n"
)
_CONTEXT_HEADLINE = "From other files of the same project:\n\n"
_TASK = "\nNow write what belongs into the gap, beginning where the text before it ends.\n"
_BACKTICKS = re.compile("`+")
_NOT_OF_LANGUAGE = re.compile(r"[^\w+#.-]")
_MIN_FENCE_CHARS = 3
_FENCE_STEP_CHARS = 4


@dataclass(frozen=True, slots=True)
class ChatInfill:
    """A prompt in turns whose answer goes to the cursor.

    Attributes:
        segments: The prompt; the last turn is the assistant's, who has begun to answer.
        stop_texts: What ends the answer: the closing fence.
    """

    segments: tuple[Segment, ...]
    stop_texts: tuple[str, ...]


def render_chat_infill(
    anchored: AnchoredDocument,
    document: str,
    path: str | None,
    language: str = "",
    context: tuple[TextSegment, ...] = (),
) -> ChatInfill:
    """Return the prompt for a model that has a chat template.

    The forced prefix is no part of it: it goes into the request.

    Args:
        anchored: The document around its cursor.
        document: Key of the document in segments.
        path: What the model is told the file is called; `None` tells nothing.
        language: LSP language identifier of the document.
        context: Text gathered elsewhere, stable parts first; each begins with a line that says
            where it is from and ends with a line break.
    """
    writer = _Writer(anchored, document, one_line(path), language, context)
    return ChatInfill(tuple(writer.segments()), (writer.fence,))


def fence_for(*texts: str) -> str:
    """Return a fence longer than any run of backticks in the texts.

    It grows in steps, so that a run that is being typed seldom changes it.
    """
    longest = max((len(run) for text in texts for run in _BACKTICKS.findall(text)), default=0)
    if longest < _MIN_FENCE_CHARS:
        return "`" * _MIN_FENCE_CHARS
    return "`" * (_FENCE_STEP_CHARS * (longest // _FENCE_STEP_CHARS + 1))


class _Writer:
    """Writes the segments of one prompt."""

    def __init__(
        self,
        anchored: AnchoredDocument,
        document: str,
        path: str | None,
        language: str,
        context: tuple[TextSegment, ...],
    ) -> None:
        self._anchored = anchored
        self._document = document
        self._name = f"the file {path}" if path else "the file"
        self._context = context
        typed = anchored.tail + anchored.forced_prefix
        self.fence = fence_for(
            anchored.prefix, typed, anchored.suffix, path or "", *(one.text for one in context)
        )
        self._opening = f"{self.fence}{_NOT_OF_LANGUAGE.sub('', language)}\n"

    def segments(self) -> Iterator[Segment]:
        yield TurnSegment(role=TurnRole.USER)
        yield from self._words(_INSTRUCTIONS)
        yield from self._context_segments()
        if self._anchored.suffix.strip():
            yield from self._words(f"After the gap, {self._name} goes on with:\n\n")
            yield from self._block(self._anchored.suffix, Part.SUFFIX)
        if self._anchored.prefix.strip():
            yield from self._words(f"Before the gap, {self._name} says:\n\n")
            yield from self._block(self._anchored.prefix, Part.PREFIX)
        else:
            yield from self._words(f"The gap is at the beginning of {self._name}.\n")
        yield from self._words(_TASK)
        yield TurnSegment(role=TurnRole.ASSISTANT)
        yield from self._words(self._opening)
        if self._anchored.tail:
            yield self._text(self._anchored.tail, Part.TAIL)

    def _context_segments(self) -> Iterator[Segment]:
        if not self._context:
            return
        yield from self._words(f"{_CONTEXT_HEADLINE}{self.fence}\n")
        yield from self._context
        yield from self._words(f"{self.fence}\n\n")

    def _block(self, text: str, part: Part) -> Iterator[Segment]:
        """Yield a block of code; each segment by itself, so that its tokens are remembered."""
        yield from self._words(self._opening)
        yield self._text(text, part)
        line_break = "" if text.endswith("\n") else "\n"
        yield from self._words(f"{line_break}{self.fence}\n\n")

    def _words(self, text: str) -> Iterator[Segment]:
        yield TextSegment(text=text, document="", part=Part.CONTEXT)

    def _text(self, text: str, part: Part) -> TextSegment:
        return TextSegment(text=text, document=self._document, part=part)

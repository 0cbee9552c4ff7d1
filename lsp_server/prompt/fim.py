"""From an anchored document to the prompt of a model family.  Pure.

Segments come in the family's trained order; what is typed since the anchor comes last in all.
"""

from __future__ import annotations

from collections.abc import Iterator

from lsp_server.engine.api import MarkerRole, MarkerSegment, Part, Segment, TextSegment
from lsp_server.models.fim_formats import FIM_FORMATS, FileHeader, FimFormat, FimOrder, HeaderPlace
from lsp_server.prompt.anchor import AnchoredDocument
from lsp_server.prompt.comments import path_comment
from lsp_server.prompt.paths import one_line


def render_infill(
    fim_format: str,
    anchored: AnchoredDocument,
    document: str,
    path: str | None,
    language: str = "",
    context: tuple[TextSegment, ...] = (),
) -> tuple[Segment, ...]:
    """Return the prompt whose answer goes to the cursor.

    The forced prefix is no part of it: it goes into the request.

    Args:
        fim_format: A key of `FIM_FORMATS`.
        anchored: The document around its cursor.
        document: Key of the document in segments.
        path: What the model is told the file is called; `None` tells nothing.
        language: LSP language identifier of the document.
        context: Text gathered elsewhere, stable parts first; each begins with a line that says
            where it is from and ends with a line break.
    """
    writer = _Writer(FIM_FORMATS[fim_format], anchored, document, one_line(path), language, context)
    return tuple(writer.segments())


class _Writer:
    """Writes the segments of one prompt."""

    def __init__(
        self,
        fim_format: FimFormat,
        anchored: AnchoredDocument,
        document: str,
        path: str | None,
        language: str,
        context: tuple[TextSegment, ...],
    ) -> None:
        self._format = fim_format
        self._anchored = anchored
        self._document = document
        self._path = path
        self._language = language
        self._context = context

    def segments(self) -> Iterator[Segment]:
        if self._format.header_place is not HeaderPlace.IN_PREFIX:
            yield from self._context_segments()
        if self._format.header_place is HeaderPlace.BEFORE_MARKERS:
            yield from self._text(self._path_line(), Part.PREFIX)
        if self._format.order is FimOrder.PSM:
            yield from self._prefix_segments()
            yield from self._suffix_segments()
        else:
            yield from self._suffix_segments()
            yield from self._prefix_segments()
        if self._format.order is not FimOrder.SUFFIX_PREFIX:
            yield MarkerSegment(role=MarkerRole.FIM_MIDDLE)
        yield from self._text(self._anchored.tail, Part.TAIL)

    def _prefix_segments(self) -> Iterator[Segment]:
        yield MarkerSegment(role=MarkerRole.FIM_PREFIX)
        texts = list(self._prefix_texts())
        if texts and self._format.space_before_prefix:
            texts[0] = _text(f" {texts[0].text}", texts[0].document, texts[0].part)
        yield from texts

    def _prefix_texts(self) -> Iterator[TextSegment]:
        if self._format.header_place is HeaderPlace.IN_PREFIX:
            yield from self._context
        if self._format.header_place is not HeaderPlace.BEFORE_MARKERS:
            # A segment of its own, so that the tokens of the text do not depend on the path.
            yield from self._text(self._path_line(), Part.PREFIX)
        yield from self._text(self._anchored.prefix, Part.PREFIX)

    def _suffix_segments(self) -> Iterator[Segment]:
        yield MarkerSegment(role=MarkerRole.FIM_SUFFIX)
        yield from self._text(self._anchored.suffix, Part.SUFFIX)

    def _context_segments(self) -> Iterator[Segment]:
        """Yield the gathered texts, and what stands between them and the completed file."""
        separator = MarkerSegment(role=MarkerRole.FILE_SEPARATOR)
        separates = self._format.header is FileHeader.COMMENT_AFTER_SEPARATOR
        for text in self._context:
            yield from (text, separator) if separates else (separator, text)
        if self._format.header is FileHeader.SEPARATOR_AND_PATH and (self._context or self._path):
            yield separator

    def _path_line(self) -> str:
        if not self._path:
            return ""
        if self._format.header is FileHeader.SEPARATOR_AND_PATH:
            return f"{self._path}\n"
        if self._format.header is FileHeader.PLUS_LINE:
            return f"+++++ {self._path}\n"
        return path_comment(self._path, self._language)

    def _text(self, text: str, part: Part) -> Iterator[TextSegment]:
        if text:
            yield _text(text, self._document, part)


def _text(text: str, document: str, part: Part) -> TextSegment:
    return TextSegment(text=text, document=document, part=part)

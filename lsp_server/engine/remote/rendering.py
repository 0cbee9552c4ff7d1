"""From segments to what a remote server takes: text.  Pure.

A remote server reads special tokens wherever their text stands, so a document that holds such a
text could forge the layout of its own prompt.  Changing the text would have the model complete
other code than there is; so the windows end at such a text instead: the model is shown nothing
beyond it, and gathered context that holds one is left out.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lsp_server.engine.api import MarkerRole, MarkerSegment, Part, Segment, TextSegment, TurnSegment
from lsp_server.errors import BadRequestError
from lsp_server.models.fim_formats import FimFormat

#: Special tokens of common vocabularies that no format names.
_COMMON_SPECIAL_TEXTS = (
    *("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<|endoftext|>", "<|begin_of_text|>"),
    *("<|im_start|>", "<|im_end|>", "<bos>", "<eos>", "<start_of_turn>", "<end_of_turn>"),
)


@dataclass(frozen=True, slots=True)
class RemotePrompt:
    """What `/completions` is asked.

    Attributes:
        text: The prompt.
        suffix: What stands after the answer; `None` when the prompt has it already.
    """

    text: str
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class _Piece:
    """A text or a marker of a prompt; a marker has no part."""

    text: str
    part: Part | None


def special_texts(fim_format: FimFormat | None) -> tuple[str, ...]:
    """Return the texts that a server may read as special tokens."""
    if fim_format is None:
        return _COMMON_SPECIAL_TEXTS
    of_format = (
        *fim_format.markers.values(),
        *fim_format.optional_markers.values(),
        *fim_format.stop_texts,
    )
    return tuple(dict.fromkeys((*of_format, *_COMMON_SPECIAL_TEXTS)))


def template_prompt(
    segments: Sequence[Segment], forced_prefix: str, fim_format: FimFormat
) -> RemotePrompt:
    """Return the prompt with the format's markers, as the model was trained.

    Raises:
        BadRequestError: A segment is none of this format's.
    """
    pieces = _safe_pieces(segments, forced_prefix, fim_format)
    return RemotePrompt("".join(piece.text for piece in pieces))


def suffix_prompt(
    segments: Sequence[Segment], forced_prefix: str, fim_format: FimFormat | None
) -> RemotePrompt:
    """Return the prompt as text before and after the cursor; the server writes the markers.

    Raises:
        BadRequestError: A segment is none of this format's.
    """
    pieces = [
        piece
        for piece in _safe_pieces(segments, forced_prefix, fim_format)
        if piece.part is not None
    ]
    before = "".join(piece.text for piece in pieces if piece.part is not Part.SUFFIX)
    return RemotePrompt(
        before, "".join(piece.text for piece in pieces if piece.part is Part.SUFFIX)
    )


def _safe_pieces(
    segments: Sequence[Segment], forced_prefix: str, fim_format: FimFormat | None
) -> list[_Piece]:
    specials = special_texts(fim_format)
    pieces = [_piece(segment, fim_format) for segment in segments]
    pieces.append(_Piece(forced_prefix, Part.TAIL))
    pieces = [
        piece
        for piece in pieces
        if piece.part is not Part.CONTEXT or _last_end(piece.text, specials) == 0
    ]
    pieces = _cut_suffix(pieces, specials)
    return _cut_before_cursor(pieces, specials)


def _piece(segment: Segment, fim_format: FimFormat | None) -> _Piece:
    match segment:
        case TextSegment():
            return _Piece(segment.text, segment.part)
        case MarkerSegment(role=role):
            return _Piece(_marker_text(role, fim_format), None)
        case TurnSegment():
            raise BadRequestError("a prompt has turns or fill-in-the-middle markers, not both")


def _marker_text(role: MarkerRole, fim_format: FimFormat | None) -> str:
    if fim_format is None:
        raise BadRequestError(
            "the remote model has no fill-in-the-middle format; set remote.fim_format"
        )
    text = fim_format.markers.get(role) or fim_format.optional_markers.get(role)
    if text is None:
        raise BadRequestError(f"the format {fim_format.id} has no marker {role.value}")
    return text


def _cut_suffix(pieces: list[_Piece], specials: tuple[str, ...]) -> list[_Piece]:
    """End the suffix before the first special text in it."""
    joined = "".join(piece.text for piece in pieces if piece.part is Part.SUFFIX)
    starts = [start for text in specials if (start := joined.find(text)) >= 0]
    left = min(starts, default=len(joined))
    cut = []
    for piece in pieces:
        if piece.part is Part.SUFFIX:
            cut.append(replace(piece, text=piece.text[:left]))
            left = max(0, left - len(piece.text))
        else:
            cut.append(piece)
    return cut


def _cut_before_cursor(pieces: list[_Piece], specials: tuple[str, ...]) -> list[_Piece]:
    """Begin what stands before the cursor after the last special text in it.

    Context is before it in the prompt, so it is looked at together with it: a special text may
    begin in one segment and end in the next.
    """
    is_before = [piece.part not in (None, Part.SUFFIX) for piece in pieces]
    joined = "".join(piece.text for piece in itertools.compress(pieces, is_before))
    num_cut = _last_end(joined, specials)
    cut = []
    for piece, is_text_before in zip(pieces, is_before, strict=True):
        if is_text_before:
            cut.append(replace(piece, text=piece.text[num_cut:]))
            num_cut = max(0, num_cut - len(piece.text))
        else:
            cut.append(piece)
    return cut


def _last_end(text: str, specials: Iterable[str]) -> int:
    """Return where the last special text ends; 0 if there is none."""
    return max(
        (start + len(special) for special in specials if (start := text.rfind(special)) >= 0),
        default=0,
    )

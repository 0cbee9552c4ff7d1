"""Gathered blocks as segments of a prompt, in the model family's own file layout."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from lsp_server.context.query import Block
from lsp_server.context.render import path_comment
from lsp_server.engine.api import Part, TextSegment
from lsp_server.models.fim_formats import FIM_FORMATS, FileHeader


def context_segments(blocks: Sequence[Block], fim_format: str | None) -> tuple[TextSegment, ...]:
    """Return one segment per file, in the order of the blocks.

    Args:
        blocks: What was gathered; neighbours of one file share its header.
        fim_format: A key of `FIM_FORMATS`, or `None` for a model that chats.
    """
    header = FIM_FORMATS[fim_format].header if fim_format else FileHeader.COMMENT
    return tuple(
        _segment(list(group), header)
        for _, group in itertools.groupby(blocks, key=lambda block: block.path)
    )


def _segment(blocks: list[Block], header: FileHeader) -> TextSegment:
    path = blocks[0].path
    texts = "\n".join(block.text for block in blocks)
    return TextSegment(
        text=f"{_path_line(path, blocks[0].line_comment, header)}\n{texts}\n\n",
        document=path,
        part=Part.CONTEXT,
    )


def _path_line(path: str, line_comment: str, header: FileHeader) -> str:
    match header:
        case FileHeader.SEPARATOR_AND_PATH:
            return path
        case FileHeader.PLUS_LINE:
            return f"+++++ {path}"
        case FileHeader.COMMENT | FileHeader.COMMENT_AFTER_SEPARATOR:
            return path_comment(path, line_comment)

"""From the texts of a body to the segments of a prompt.  Pure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from lsp_server.engine.api import Part, Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.adapters.bodies import ExtraFile, Message
from lsp_server.engine.shared.adapters.fields import FieldError, refused
from lsp_server.errors import CannotInfillError
from lsp_server.models.fim_formats import FIM_FORMATS, FileHeader
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow
from lsp_server.prompt.comments import path_comment
from lsp_server.prompt.fim import render_infill
from lsp_server.prompt.paths import one_line

#: Key of the document that the texts of a request stand in; see `TextSegment`.
_DOCUMENT = "request"

_ROLES = {
    "system": TurnRole.SYSTEM,
    "developer": TurnRole.SYSTEM,
    "user": TurnRole.USER,
    "assistant": TurnRole.ASSISTANT,
}
#: LSP language identifiers by the ends of names, for the comment that names a file.
_LANGUAGES = {
    ".c": "c",
    ".cpp": "cpp",
    ".go": "go",
    ".java": "java",
    ".js": "javascript",
    ".lua": "lua",
    ".py": "python",
    ".rb": "ruby",
    ".rs": "rust",
    ".sh": "shellscript",
    ".ts": "typescript",
}


def text_of_prompt(prompt: object) -> str:
    """Return the text of `prompt` of `/v1/completions`.

    Raises:
        FieldError: It is no text, or several.
    """
    match prompt:
        case str():
            return prompt
        case [str(text)]:
            return text
        case [str(), *_]:
            raise refused("prompt", prompt, "send one request for each prompt")
        case [int() | list(), *_]:
            raise refused("prompt", prompt, "send text; only the engine makes tokens of it")
    raise refused("prompt", prompt, "send a text")


def text_segments(text: str) -> tuple[Segment, ...]:
    """Return the prompt that continues a text."""
    return (_segment(text, Part.PREFIX),) if text else ()


def infill_segments(
    info: ModelInfo,
    prefix: str,
    suffix: str,
    *,
    tail: str = "",
    extra: Sequence[ExtraFile] = (),
) -> tuple[Segment, ...]:
    """Return the prompt that fills a gap.

    Args:
        info: The model's.
        prefix: Text before the gap.
        suffix: Text after it.
        tail: Text between prefix and gap that changes with every key; it stands last.
        extra: Texts of other files.

    Raises:
        CannotInfillError: The model has no format for it.
    """
    if info.fim_format is None:
        raise CannotInfillError(
            f"the model {info.model} cannot fill in the middle: {info.fim_reason} "
            "Choose another one of /v1/models, or send the text before the gap alone"
        )
    window = AnchorWindow(len(prefix) + len(tail), len(suffix))
    anchored = AnchoredDocument(
        window=window,
        window_start=0,
        prefix=prefix,
        tail=tail,
        forced_prefix="",
        closers="",
        suffix=suffix,
        num_chars_below=0,
        reanchored=None,
    )
    header = FIM_FORMATS[info.fim_format].header
    context = tuple(_context_segment(file, header) for file in extra if file.text)
    return render_infill(info.fim_format, anchored, _DOCUMENT, None, context=context)


def chat_segments(messages: Sequence[Message]) -> tuple[Segment, ...]:
    """Return the prompt of a conversation, which the assistant continues.

    Raises:
        FieldError: A message is none of a system, a user or an assistant, or is not text.
    """
    segments: list[Segment] = []
    for message in messages:
        role = _ROLES.get(message.role)
        if role is None or message.tool_calls:
            raise FieldError(
                f'messages has one of the role "{message.role[:40]}", or with calls of tools: '
                "models here call none; the roles are system, user and assistant",
                "messages",
            )
        segments.append(TurnSegment(role=role))
        text = _said(message)
        if text:
            segments.append(_segment(text, Part.PREFIX))
    if messages[-1].role != "assistant":
        segments.append(TurnSegment(role=TurnRole.ASSISTANT))
    return tuple(segments)


def _said(message: Message) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    for part in message.content:
        if part.type != "text":
            raise FieldError(
                f'messages holds a part of type "{part.type[:40]}": models here read text alone; '
                "leave it out",
                "messages",
            )
    return "".join(part.text for part in message.content)


def _context_segment(file: ExtraFile, header: FileHeader) -> TextSegment:
    name = one_line(file.filename) or ""
    text = file.text if file.text.endswith("\n") else f"{file.text}\n"
    return TextSegment(
        text=f"{_name_line(name, header)}{text}\n",
        document=name or "extra",
        part=Part.CONTEXT,
    )


def _name_line(name: str, header: FileHeader) -> str:
    if not name:
        return ""
    match header:
        case FileHeader.SEPARATOR_AND_PATH:
            return f"{name}\n"
        case FileHeader.PLUS_LINE:
            return f"+++++ {name}\n"
        case FileHeader.COMMENT | FileHeader.COMMENT_AFTER_SEPARATOR:
            return path_comment(name, _LANGUAGES.get(PurePosixPath(name).suffix, ""))


def _segment(text: str, part: Part) -> TextSegment:
    return TextSegment(text=text, document=_DOCUMENT, part=part)

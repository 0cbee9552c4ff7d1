"""From turns to the messages of `/chat/completions`.  Pure."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.engine.api import Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.engine.remote.rendering import special_texts
from lsp_server.errors import BadRequestError


@dataclass(frozen=True, slots=True)
class Talk:
    """What `/chat/completions` is asked.

    Attributes:
        messages: The turns; the last is not the assistant's.
        opening: What the answer is asked to begin with.
    """

    messages: tuple[dict[str, str], ...]
    opening: str


def has_turns(segments: Sequence[Segment]) -> bool:
    """Return whether a prompt is a conversation."""
    return any(isinstance(segment, TurnSegment) for segment in segments)


def talk_of(segments: Sequence[Segment], forced_prefix: str) -> Talk:
    """Return a conversation as messages.

    A server ends every turn that it is sent, so the model cannot continue what the assistant
    has said already: it is asked to begin with that, and `Opening` takes it off the answer.

    Raises:
        BadRequestError: The turns break the rules of the waist, or hold the text of a special
            token, which a server may take for the end of a turn.
    """
    turns: list[tuple[TurnRole, list[str]]] = []
    for segment in segments:
        if isinstance(segment, TurnSegment):
            turns.append((segment.role, []))
        elif isinstance(segment, TextSegment) and turns:
            turns[-1][1].append(segment.text)
        else:
            raise BadRequestError("a conversation holds turns and their text, and nothing else")
    if len(turns) < 2 or turns[-1][0] is not TurnRole.ASSISTANT:
        raise BadRequestError("the last turn of a conversation is the assistant's")
    opening = "".join(turns.pop()[1]) + forced_prefix
    texts = ["".join(parts) for _, parts in turns]
    _refuse_special_texts(texts)
    if opening:
        texts[-1] += f"\n\nBegin your answer exactly with this, and nothing before it:\n{opening}"
    messages = tuple(
        {"role": role.value, "content": text} for (role, _), text in zip(turns, texts, strict=True)
    )
    return Talk(messages, opening)


class Opening:
    """Takes the opening off an answer that begins with it.

    An opening that is a line of marks and a word (a fence with a language) goes with whatever
    word the model wrote there.
    """

    def __init__(self, opening: str) -> None:
        self._opening = opening
        marks = "".join(itertools.takewhile(lambda char: not char.isalnum(), opening)).rstrip()
        self._line_start = marks if opening.endswith("\n") else ""
        self._held: str | None = "" if opening else None

    def take(self, text: str) -> str:
        """Return what of the text is final and no opening."""
        if self._held is None:
            return text
        self._held += text
        begun = self._held.lstrip()
        wanted = self._line_start or self._opening
        if len(begun) < len(wanted) and wanted.startswith(begun):
            return ""
        if not begun.startswith(wanted):
            return self.finish()
        _, newline, rest = begun.partition("\n")
        if self._line_start and not newline:
            return ""
        self._held = None
        return rest if self._line_start else begun.removeprefix(self._opening)

    def finish(self) -> str:
        """Return what was held back: no opening came."""
        held, self._held = self._held or "", None
        return held


def _refuse_special_texts(texts: Sequence[str]) -> None:
    for special in special_texts(None):
        if any(special in text for text in texts):
            raise BadRequestError(
                f"the text to be sent holds {special!r}, which the remote server may take for "
                "the end of a turn; do this action with the local engine, or leave it out"
            )

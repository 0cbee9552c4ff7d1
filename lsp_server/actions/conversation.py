"""What a chat model is told of a document, as turns.  Pure."""

from __future__ import annotations

from dataclasses import dataclass

from lsp_server.actions.fences import fence_for, fenced
from lsp_server.actions.regions import Region, Surroundings, surroundings
from lsp_server.actions.scene import Scene
from lsp_server.completion.cursor import Cursor, look_from_cursor
from lsp_server.completion.query import CompletionQuery
from lsp_server.engine.api import Part, Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import ActionError

#: Characters per token is an average, and the template comes on top.
_SHARE_OF_ROOM = 0.8
_MAX_SURROUNDING_CHARS = 8_000
#: What the words around the document take, in characters.
_NUM_WORD_CHARS = 1_200

_EDIT_RULES = (
    "You are a careful programmer in a code editor. You change the part of a file that you are "
    "shown, exactly as you are asked and no further. You answer with the whole changed part in "
    "one block of code, and with nothing else."
)
_EXPLAIN_RULES = (
    "You are a careful programmer. You explain code to a colleague, briefly and concretely: what "
    "it does, how, and what is surprising about it."
)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A prompt in turns.

    Attributes:
        segments: The prompt; the last turn is the assistant's.
        opening: What the assistant has said already.
        stop_text: What ends the answer.
    """

    segments: tuple[Segment, ...]
    opening: str
    stop_text: str


def edit_conversation(
    scene: Scene, region: Region, task: str, room_chars: int, context: str = ""
) -> Conversation:
    """Ask for another text of a region.

    The assistant's answer is begun with a fence, so that it goes on with code.

    Args:
        scene: The document.
        region: What may be changed.
        task: What to do, in a sentence.
        room_chars: How much may be shown of the document.
        context: What other files define.
    """
    writer = _Writer(scene, region, room_chars, context)
    opening = f"{writer.fence}{scene.query.language}\n"
    task = f"{task}\n\nAnswer with this part alone, whole and changed, in one block of code."
    return Conversation(
        segments=(
            *_turn(TurnRole.SYSTEM, _EDIT_RULES),
            *_turn(TurnRole.USER, writer.shown("This is the part to change:"), task),
            *_turn(TurnRole.ASSISTANT, opening),
        ),
        opening=opening,
        stop_text=f"\n{writer.fence}",
    )


def explain_conversation(
    scene: Scene, region: Region, room_chars: int, context: str = ""
) -> Conversation:
    """Ask what a region does; see `edit_conversation`."""
    writer = _Writer(scene, region, room_chars, context)
    return Conversation(
        segments=(
            *_turn(TurnRole.SYSTEM, _EXPLAIN_RULES),
            *_turn(
                TurnRole.USER,
                writer.shown("This is the part to explain:"),
                "Explain this part in a few sentences, in Markdown.",
            ),
            *_turn(TurnRole.ASSISTANT),
        ),
        opening="",
        stop_text="",
    )


def cursor_of(scene: Scene, region: Region) -> Cursor:
    """Return the document as completions see it from the end of a region."""
    return look_from_cursor(
        CompletionQuery(
            uri=scene.query.uri,
            path=scene.query.path,
            language=scene.query.language,
            text=scene.text,
            cursor=region.end,
            project=scene.query.project,
        )
    )


def room_for(region: Region, info: ModelInfo, max_tokens: int) -> int:
    """Return how many characters of the document a prompt may hold besides the region.

    Raises:
        ActionError: The region alone is too long.
    """
    num_chars = (info.context_tokens - max_tokens) * info.chars_per_token * _SHARE_OF_ROOM
    room = int(num_chars) - _NUM_WORD_CHARS
    require_at_most(region, room, info)
    return min(room - (region.end - region.start), _MAX_SURROUNDING_CHARS)


def require_at_most(region: Region, num_chars: int, info: ModelInfo) -> None:
    """Check that a region is not longer than a number of characters.

    Raises:
        ActionError: It is.
    """
    if region.end - region.start > num_chars:
        raise ActionError(
            f"this part has {region.end - region.start} characters, and {info.model} can take "
            f"{max(num_chars, 0)} at once; select less of it, or raise engine.context_tokens and "
            "actions.max_tokens"
        )


class _Writer:
    """Writes what a document looks like around a region."""

    def __init__(self, scene: Scene, region: Region, room_chars: int, context: str) -> None:
        self._language = scene.query.language
        self._path = scene.query.path
        self._region = scene.text[region.start : region.end]
        # What other files define comes first, if it fits; the rest is for this file.
        self._context = context if len(context) <= room_chars else ""
        room_chars -= len(self._context)
        self._around: Surroundings = surroundings(scene, region, room_chars)
        self.fence = fence_for(self._region, self._around.before, self._around.after, context)

    def shown(self, headline: str) -> str:
        parts = [f"A file in {self._language}."]
        if self._path:
            parts = [f"The file {self._path} ({self._language})."]
        for words, text in [
            ("Other files define:", self._context),
            ("Before the part stands:", self._around.before),
            ("After the part stands:", self._around.after),
            (headline, self._region),
        ]:
            if text.strip():
                parts.append(f"{words}\n\n{fenced(text, self._language, self.fence)}")
        return "\n\n".join(part.rstrip("\n") for part in parts)


def _turn(role: TurnRole, *texts: str) -> tuple[Segment, ...]:
    text = "\n\n".join(texts)
    said = (TextSegment(text=text, document="", part=Part.CONTEXT),) if text else ()
    return (TurnSegment(role=role), *said)

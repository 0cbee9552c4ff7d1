"""From the turns of a conversation to the text that a model's chat template puts around them.

The template is rendered once per order of roles, with placeholders in the place of what the
turns say, and cut there.  So the template never sees text of documents, and only its own text is
tokenised with special tokens: no file can forge a turn.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from lsp_server.engine.api import MarkerSegment, Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.engine.chat_render import Render, render_in_child
from lsp_server.engine.chat_sandbox import RenderJob
from lsp_server.errors import BadRequestError, CannotChatError
from lsp_server.models.chat_formats import ChatFinding

logger = logging.getLogger(__name__)

#: What every template changes that escapes, indents or rewrites what a turn says.
_TELLTALES = "aB<&>\"'\\é\nz"
#: What stands between the instructions of the system and the user's first words where a template
#: knows no system role (Gemma: ai.google.dev/gemma/docs/core/prompt-structure).
_SYSTEM_SEPARATOR = "\n\n"
#: The orders of turns that are tried when a model is loaded.
USUAL_ROLES = (
    (TurnRole.SYSTEM, TurnRole.USER, TurnRole.ASSISTANT),
    (TurnRole.USER, TurnRole.ASSISTANT),
)

Roles = tuple[TurnRole, ...]
Message = dict[str, Any]
ContentSegment = TextSegment | MarkerSegment


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn of a prompt: who speaks, and what."""

    role: TurnRole
    content: tuple[ContentSegment, ...]


def turns_of(segments: tuple[Segment, ...]) -> tuple[Turn, ...]:
    """Return the turns of a prompt; empty for a prompt without turns.

    Raises:
        BadRequestError: There is text before the first turn, or the last is not the assistant's.
    """
    if not any(isinstance(segment, TurnSegment) for segment in segments):
        return ()
    turns: list[Turn] = []
    for segment in segments:
        if isinstance(segment, TurnSegment):
            turns.append(Turn(segment.role, ()))
        elif not turns:
            raise BadRequestError("the prompt has text before its first turn: put it into a turn")
        else:
            turns[-1] = Turn(turns[-1].role, (*turns[-1].content, segment))
    if turns[-1].role is not TurnRole.ASSISTANT:
        raise BadRequestError(
            f"the last turn is the {turns[-1].role.value}'s: end the prompt with a turn of the "
            "assistant, which the model continues"
        )
    return tuple(turns)


@dataclass(frozen=True, slots=True)
class ChatLayout:
    """What a template writes around the turns of a conversation.

    Attributes:
        texts: What stands before the content of each turn, without BOS at the beginning.  Behind
            the last turn, which is the assistant's, stands nothing.
        has_bos: Whether the template begins with the BOS token.
    """

    texts: tuple[str, ...]
    has_bos: bool


class ChatFormat:
    """The chat template of one model.  Safe to call from any thread."""

    def __init__(self, finding: ChatFinding, model: str, render: Render = render_in_child) -> None:
        """Start with nothing rendered.

        Args:
            finding: What `find_chat_format` said of the model's file.
            model: The model's name, for messages.
            render: Renders templates.
        """
        self.reason = finding.reason
        self._finding = finding
        self._model = model
        self._render = render
        self._layouts: dict[Roles, ChatLayout] = {}
        self._lock = threading.Lock()

    @property
    def bos_text(self) -> str:
        """Text of the model's BOS token; empty without one."""
        return self._finding.bos_text

    def is_usable(self) -> bool:
        """Whether the template does what it is asked; if not, `reason` says why."""
        if self._finding.template is None:
            return False
        try:
            for roles in USUAL_ROLES:
                self.layout(roles)
        except CannotChatError as error:
            logger.warning("%s", error)
            self.reason = str(error)
            return False
        return True

    def layout(self, roles: Roles) -> ChatLayout:
        """Return what the template writes around turns of these roles.

        Raises:
            CannotChatError: There is no template, or it cannot be used for these roles.
        """
        with self._lock:
            known = self._layouts.get(roles)
            if known is None:
                known = self._layouts[roles] = self._lay_out(roles)
            return known

    def _lay_out(self, roles: Roles) -> ChatLayout:
        if self._finding.template is None:
            raise CannotChatError(
                f"the model {self._model} cannot follow instructions: {self._finding.reason} "
                "Choose an instruct model in the setting model.name"
            )
        said = [f"{secrets.token_hex(8)}{_TELLTALES}{index}e" for index in range(len(roles) - 1)]
        conversations = tuple(_conversations(roles, said))
        job = RenderJob(
            template=self._finding.template,
            conversations=conversations,
            bos_token=self._finding.bos_text,
            eos_token=self._finding.eos_text,
        )
        whys = []
        for rendered in self._render(job):
            texts = None if rendered.error else _cut(rendered.text, said)
            if texts is not None:
                first = _without_bos(texts[0], self.bos_text)
                return ChatLayout((first, *texts[1:]), has_bos=first != texts[0])
            whys.append(rendered.error or "it changes or leaves out what the turns say")
        raise CannotChatError(
            f"the model {self._model} cannot follow instructions: its chat template cannot be "
            f"used, because {whys[0]}; choose another instruct model, or another conversion of "
            "this one, in the setting model.name"
        )


def _conversations(roles: Roles, said: list[str]) -> Iterator[list[Message]]:
    """Yield the ways to tell a template of the turns: the first that it understands counts.

    The last turn is left out: the template opens it.
    """
    plain = [{"role": role.value, "content": text} for role, text in zip(roles, said, strict=False)]
    merged = _with_system_merged(plain)
    for messages in (plain, merged):
        yield messages
        yield [{**one, "content": [{"type": "text", "text": one["content"]}]} for one in messages]


def _with_system_merged(messages: list[Message]) -> list[Message]:
    """Return the messages with a system message at the top of the user's first."""
    if len(messages) < 2 or messages[0]["role"] != TurnRole.SYSTEM.value:
        return messages
    system, first, *rest = messages
    content = system["content"] + _SYSTEM_SEPARATOR + first["content"]
    return [{**first, "content": content}, *rest]


def _cut(text: str, said: list[str]) -> tuple[str, ...] | None:
    """Return the text before each of `said` and the rest; `None` if it is not all there once."""
    texts = []
    for one in said:
        if text.count(one) != 1:
            return None
        before, _, text = text.partition(one)
        texts.append(before)
    return (*texts, text)


def _without_bos(text: str, bos_text: str) -> str:
    while bos_text and text.startswith(bos_text):
        text = text[len(bos_text) :]
    return text

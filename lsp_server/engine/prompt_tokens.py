"""From the segments of a prompt to token ids.

Each text segment is tokenised by itself, so that a change in one leaves the tokens of the
others as they are, and the result is remembered by the segment's text: while somebody types,
only the short tail is new.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

from lsp_server.engine.api import MarkerRole, MarkerSegment, Segment
from lsp_server.engine.chat import ChatFormat, ContentSegment, Turn, turns_of
from lsp_server.engine.runners.base import Vocabulary
from lsp_server.errors import BadRequestError, CannotChatError, CannotInfillError

#: Characters of text whose tokens are remembered, over all segments.
MAX_REMEMBERED_CHARS = 4_000_000


@dataclass(frozen=True, slots=True)
class PromptTokens:
    """The tokens of one prompt.

    Attributes:
        tokens: Token ids, BOS included.
        segment_starts: Index in `tokens` at which each segment begins; a turn begins where what is
            said in it does.
    """

    tokens: tuple[int, ...]
    segment_starts: tuple[int, ...]


class PromptTokenizer:
    """Tokenises the prompts of one model.  Safe to call from any thread."""

    def __init__(
        self,
        vocabulary: Vocabulary,
        model: str,
        max_remembered_chars: int = MAX_REMEMBERED_CHARS,
        chat: ChatFormat | None = None,
    ) -> None:
        """Start with nothing remembered.

        Args:
            vocabulary: The model's tokens.
            model: The model's name, for messages.
            max_remembered_chars: Bound of what is remembered.
            chat: The model's chat template, if it has one that can be used.
        """
        self._vocabulary = vocabulary
        self._model = model
        self._max_remembered_chars = max_remembered_chars
        self._chat = chat
        self._remembered: OrderedDict[str, tuple[int, ...]] = OrderedDict()
        self._num_remembered_chars = 0
        self._lock = threading.Lock()

    def tokenize(self, segments: tuple[Segment, ...]) -> PromptTokens:
        """Return the prompt's tokens, with BOS first where the model wants it.

        Raises:
            BadRequestError: The prompt has no token, or its turns are in disorder.
            CannotInfillError: The model has no token for a marker.
            CannotChatError: The prompt has turns, and the model has no chat template for them.
        """
        if turns := turns_of(segments):
            return self._tokenize_turns(turns)
        bos = self._vocabulary.bos_token
        tokens: list[int] = [] if bos is None else [bos]
        starts = []
        for segment in segments:
            starts.append(len(tokens))
            tokens += self._tokens_of_content(segment)
        if len(tokens) == (bos is not None):
            raise BadRequestError(
                "the prompt is empty: send at least one segment that has text, or a marker"
            )
        return PromptTokens(tuple(tokens), tuple(starts))

    def _tokenize_turns(self, turns: tuple[Turn, ...]) -> PromptTokens:
        """Return the tokens of a conversation: the template's own text, and what is said."""
        if self._chat is None:
            raise CannotChatError(
                f"the model {self._model} cannot follow instructions: it has no chat template; "
                "choose an instruct model in the setting model.name"
            )
        layout = self._chat.layout(tuple(turn.role for turn in turns))
        begins_with_bos = layout.has_bos or self._vocabulary.bos_token is not None
        tokens: list[int] = []
        starts = []
        for index, (turn, text) in enumerate(zip(turns, layout.texts, strict=True)):
            bos_text = self._chat.bos_text if index == 0 and begins_with_bos else ""
            tokens += self._vocabulary.tokenize_template(bos_text + text)
            starts.append(len(tokens))
            for segment in turn.content:
                starts.append(len(tokens))
                tokens += self._tokens_of_content(segment)
        return PromptTokens(tuple(tokens), tuple(starts))

    def _tokens_of_content(self, segment: Segment) -> tuple[int, ...]:
        if isinstance(segment, MarkerSegment):
            return (self._marker_token(segment.role),)
        assert isinstance(segment, ContentSegment), "turns are taken apart before"
        return self.tokens_of_text(segment.text)

    def tokens_of_text(self, text: str) -> tuple[int, ...]:
        """Return the tokens of document text."""
        with self._lock:
            known = self._remembered.get(text)
            if known is not None:
                self._remembered.move_to_end(text)
                return known
        tokens = tuple(self._vocabulary.tokenize(text)) if text else ()
        with self._lock:
            self._remember(text, tokens)
        return tokens

    def _remember(self, text: str, tokens: tuple[int, ...]) -> None:
        if text in self._remembered or len(text) > self._max_remembered_chars:
            return
        self._remembered[text] = tokens
        self._num_remembered_chars += len(text)
        while self._num_remembered_chars > self._max_remembered_chars:
            forgotten, _ = self._remembered.popitem(last=False)
            self._num_remembered_chars -= len(forgotten)

    def _marker_token(self, role: MarkerRole) -> int:
        token = self._vocabulary.marker_token(role)
        if token is None:
            raise CannotInfillError(
                f"the model {self._model} has no token for {role.value}: it was not made to "
                "fill in the middle; choose a code model that was, such as a DeepSeek-Coder base "
                "model"
            )
        return token

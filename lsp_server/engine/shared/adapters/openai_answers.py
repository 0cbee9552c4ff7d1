"""Answers as OpenAI's API reference has them, whole or in chunks.  Pure."""

from __future__ import annotations

import itertools
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterable, Sequence
from typing import Any

from lsp_server.engine.api import EndReason, TokenText
from lsp_server.engine.shared.adapters.answers import Answers, AnswerText
from lsp_server.engine.shared.adapters.timings import timings

Json = dict[str, Any]


class OpenAiFormat(ABC):
    """What both kinds of answers have in common.

    Attributes:
        last_event: What a stream ends with.
    """

    last_event = b"data: [DONE]\n\n"
    _id_prefix = ""
    _object = ""
    _chunk_object = ""

    def __init__(self, model: str, *, want_logprobs: bool, include_usage: bool) -> None:
        """Give the answer an id.

        Args:
            model: The name that clients know the model by.
            want_logprobs: Send the log-probability of each token.
            include_usage: Whether a stream ends with the tokens that were used.
        """
        self._id = f"{self._id_prefix}-{uuid.uuid4().hex}"
        self._created = int(time.time())
        self._model = model
        self._want_logprobs = want_logprobs
        self._include_usage = include_usage

    def whole(self, answers: Answers) -> Json:
        """Return the answer."""
        choices = [
            {**self._choice(answer), "index": index, "finish_reason": finish_reason(answer)}
            for index, answer in enumerate(answers.alternatives)
        ]
        return {
            **self._head(self._object),
            "choices": choices,
            "usage": usage(answers),
            "timings": timings(answers),
        }

    def opening(self, num_alternatives: int) -> Iterable[Json]:
        """Yield the chunks that come before any text."""
        del num_alternatives
        return ()

    @abstractmethod
    def piece(self, index: int, tokens: Sequence[TokenText]) -> Json:
        """Return the chunk that adds some tokens to an alternative."""

    def closing(self, answers: Answers) -> Iterable[Json]:
        """Yield the chunks after the last text."""
        for index, answer in enumerate(answers.alternatives):
            reason = finish_reason(answer)
            yield self._chunk([{**self._nothing(), "index": index, "finish_reason": reason}])
        if self._include_usage:
            yield {**self._chunk([]), "usage": usage(answers), "timings": timings(answers)}

    @abstractmethod
    def _choice(self, answer: AnswerText) -> Json:
        """Return the text of an alternative."""

    @abstractmethod
    def _nothing(self) -> Json:
        """Return what the last chunk of an alternative adds."""

    def _head(self, kind: str) -> Json:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._model}

    def _chunk(self, choices: list[Json]) -> Json:
        return {**self._head(self._chunk_object), "choices": choices}


class CompletionFormat(OpenAiFormat):
    """Answers of `/v1/completions`."""

    _id_prefix = "cmpl"
    _object = _chunk_object = "text_completion"

    def __init__(self, model: str, *, want_logprobs: bool, include_usage: bool) -> None:
        """Start at the beginning of each answer; see `OpenAiFormat`."""
        super().__init__(model, want_logprobs=want_logprobs, include_usage=include_usage)
        self._num_chars: dict[int, int] = {}

    def piece(self, index: int, tokens: Sequence[TokenText]) -> Json:
        """Return the chunk that adds some tokens to an alternative."""
        start = self._num_chars.get(index, 0)
        added = self._text(tokens, start)
        self._num_chars[index] = start + len(added["text"])
        return self._chunk([{**added, "index": index, "finish_reason": None}])

    def _choice(self, answer: AnswerText) -> Json:
        return self._text(answer.tokens, 0)

    def _nothing(self) -> Json:
        return {"text": "", "logprobs": None}

    def _text(self, tokens: Sequence[TokenText], start: int) -> Json:
        text = "".join(token.text for token in tokens)
        return {"text": text, "logprobs": self._logprobs(tokens, start)}

    def _logprobs(self, tokens: Sequence[TokenText], start: int) -> Json | None:
        if not self._want_logprobs:
            return None
        lengths = [len(token.text) for token in tokens]
        return {
            "tokens": [token.text for token in tokens],
            "token_logprobs": [token.logprob for token in tokens],
            "top_logprobs": None,
            "text_offset": [start + offset for offset in itertools.accumulate([0, *lengths[:-1]])],
        }


class ChatFormat(OpenAiFormat):
    """Answers of `/v1/chat/completions`."""

    _id_prefix = "chatcmpl"
    _object = "chat.completion"
    _chunk_object = "chat.completion.chunk"

    def opening(self, num_alternatives: int) -> Iterable[Json]:
        """Yield the chunks that say who speaks."""
        for index in range(num_alternatives):
            delta = {"role": "assistant", "content": ""}
            yield self._chunk([{"delta": delta, "index": index, "finish_reason": None}])

    def _choice(self, answer: AnswerText) -> Json:
        message = {"role": "assistant", "content": answer.text, "refusal": None}
        return {"message": message, "logprobs": self._logprobs(answer.tokens)}

    def piece(self, index: int, tokens: Sequence[TokenText]) -> Json:
        """Return the chunk that adds some tokens to an alternative."""
        delta = {"content": "".join(token.text for token in tokens)}
        logprobs = self._logprobs(tokens)
        choice = {"delta": delta, "logprobs": logprobs, "index": index, "finish_reason": None}
        return self._chunk([choice])

    def _nothing(self) -> Json:
        return {"delta": {}, "logprobs": None}

    def _logprobs(self, tokens: Sequence[TokenText]) -> Json | None:
        if not self._want_logprobs:
            return None
        content = [
            {
                "token": token.text,
                "logprob": token.logprob,
                "bytes": list(token.text.encode()),
                "top_logprobs": [],
            }
            for token in tokens
        ]
        return {"content": content, "refusal": None}


def finish_reason(answer: AnswerText) -> str:
    """Return OpenAI's word for why an answer ended."""
    return "stop" if answer.reason is EndReason.STOP else "length"


def usage(answers: Answers) -> Json:
    """Return the tokens that were used."""
    num_prompt, num_generated = answers.prompt_tokens, answers.cost.tokens_generated
    return {
        "prompt_tokens": num_prompt,
        "completion_tokens": num_generated,
        "total_tokens": num_prompt + num_generated,
        "prompt_tokens_details": {"cached_tokens": answers.cached_tokens},
    }

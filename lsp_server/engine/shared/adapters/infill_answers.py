"""Answers as llama-server's `/infill` gives them, and where they are cut short.

Field names: `server_task_result_cmpl_final` in ggml-org/llama.cpp
`tools/server/server-task.cpp`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from lsp_server.engine.api import EndReason, TokenText
from lsp_server.engine.shared.adapters.answers import Answers, CutShort
from lsp_server.engine.shared.adapters.bodies import SharedBody
from lsp_server.engine.shared.adapters.timings import timings

Json = dict[str, Any]


class InfillFormat:
    """Answers of `/infill`.

    Attributes:
        last_event: Nothing follows the chunk with `stop`.
    """

    last_event = b""

    def __init__(self, model: str, body: SharedBody) -> None:
        """Take what the answer repeats of the request.

        Args:
            model: The name that clients know the model by.
            body: What was asked for.
        """
        self._model = model
        self._body = body

    def whole(self, answers: Answers) -> Json:
        """Return the answer, or the fields of it that were asked for."""
        return self._final(answers, answers.alternatives[0].text)

    def opening(self, num_alternatives: int) -> Iterable[Json]:
        """Yield nothing: text comes first."""
        del num_alternatives
        return ()

    def piece(self, index: int, tokens: Sequence[TokenText]) -> Json:
        """Return the chunk that adds some tokens."""
        content = "".join(token.text for token in tokens)
        return {"index": index, "content": content, "stop": False}

    def closing(self, answers: Answers) -> Iterable[Json]:
        """Yield the last chunk, which has everything but the text."""
        yield self._final(answers, "")

    def _final(self, answers: Answers, content: str) -> Json:
        cost = answers.cost
        is_done = answers.alternatives[0].reason is EndReason.STOP
        found = {
            "index": 0,
            "content": content,
            "id_slot": self._body.id_slot,
            "stop": True,
            "model": self._model,
            "tokens_predicted": cost.tokens_generated,
            "tokens_evaluated": answers.prompt_tokens,
            "has_new_line": "\n" in answers.alternatives[0].text,
            "truncated": False,
            "tokens_cached": answers.prompt_tokens + cost.tokens_generated,
            "timings": timings(answers),
        }
        # Which of both ended an answer is not known where stop texts were sent.
        if not is_done:
            found["stop_type"] = "limit"
        elif not self._body.stop:
            found["stop_type"] = "eos"
        fields = self._body.response_fields
        return _chosen(found, fields) if fields else found


def cut_short(body: SharedBody, now_s: Callable[[], float] = time.monotonic) -> CutShort:
    """Return what ends an answer early: its time is over, or a line is indented too little.

    As with llama-server the time begins with the first token, and the first line may always be
    finished.
    """
    first_s: float | None = None

    def length(answers: Answers) -> int | None:
        nonlocal first_s
        first_s = now_s() if first_s is None else first_s
        text = answers.alternatives[0].text
        is_late = (now_s() - first_s) * 1_000.0 > body.t_max_predict_ms > 0
        if is_late and "\n" in text:
            return len(text)
        return _outdented_from(text, body.n_indent)

    return length


def _outdented_from(text: str, num_indent: int) -> int | None:
    """Return where the first line begins that has text, but less indentation."""
    start = text.find("\n") + 1
    while num_indent and start:
        line = text[start:].split("\n", 1)[0]
        indent = len(line) - len(line.lstrip(" \t"))
        if indent < min(num_indent, len(line)):
            return start
        start = text.find("\n", start) + 1
    return None


def _chosen(found: Json, fields: Sequence[str]) -> Json:
    """Return what was asked for, each under the name that it was asked for by."""
    chosen: Json = {}
    for name in fields:
        value: object = found
        for level in name.split("/"):
            value = value.get(level) if isinstance(value, dict) else None
        if value is not None:
            chosen[name] = value
    return chosen

"""From a body to the request that the engine takes.  Pure."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.engine.api import (
    GenerateRequest,
    Limits,
    Priority,
    Sampling,
    Segment,
    StopRules,
    TextSegment,
)
from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.shared.adapters.bodies import (
    DEFAULT_MAX_TOKENS,
    ChatBody,
    CompletionBody,
    ExtraFile,
    InfillBody,
    SharedBody,
)
from lsp_server.engine.shared.adapters.fields import refused
from lsp_server.engine.shared.adapters.prompts import (
    chat_segments,
    infill_segments,
    text_of_prompt,
    text_segments,
)
from lsp_server.engine.shared.adapters.sampling_fields import sampling_of
from lsp_server.prompt.anchor import MAX_TAIL_CHARS
from lsp_server.prompt.healing import heal, pieces_of

_MAX_STOP_TEXTS = 32
_MAX_STOP_CHARS = 1_000
#: So much of a prompt's beginning tells conversations apart.
_KEY_CHARS = 256


@dataclass(frozen=True, slots=True)
class _Prompt:
    """Segments, and the text that the answer has to begin with."""

    segments: tuple[Segment, ...]
    forced_prefix: str = ""


@dataclass(frozen=True, slots=True)
class _Wishes:
    """What the endpoints name differently.

    Attributes:
        max_tokens: The fields that say how long the answer may be, the first that is set counts.
        priority: Who waits for it.
        num_alternatives: Answers.
        want_logprobs: Whether log-probabilities are sent.
    """

    max_tokens: tuple[int, ...]
    priority: Priority = Priority.ACTION
    num_alternatives: int = 1
    want_logprobs: bool = False


def completion_request(body: CompletionBody, info: ModelInfo) -> GenerateRequest:
    """Return the request of `/v1/completions`.

    Raises:
        BantamError: A field cannot be used, or the model cannot fill in.
    """
    text = text_of_prompt(body.prompt)
    if body.suffix:
        line_start = text.rfind("\n") + 1
        tail_start = max(line_start, len(text) - MAX_TAIL_CHARS)
        prompt = _gap(info, text[:tail_start], text[tail_start:], body.suffix)
    else:
        prompt = _Prompt(text_segments(text))
    wishes = _Wishes(
        max_tokens=(body.max_tokens, body.n_predict),
        num_alternatives=body.n,
        want_logprobs=body.logprobs is not None,
    )
    return _request(body, info, prompt, wishes)


def chat_request(body: ChatBody, info: ModelInfo) -> GenerateRequest:
    """Return the request of `/v1/chat/completions`.

    Raises:
        BantamError: A field cannot be used.
    """
    wishes = _Wishes(
        max_tokens=(body.max_completion_tokens, body.max_tokens, body.n_predict),
        num_alternatives=body.n,
        want_logprobs=body.logprobs,
    )
    return _request(body, info, _Prompt(chat_segments(body.messages)), wishes)


def infill_request(body: InfillBody, info: ModelInfo) -> GenerateRequest:
    """Return the request of `/infill`.

    It goes first, as every suggestion under a cursor; without tokens to answer it is a warming
    of the cache.

    Raises:
        BantamError: A field cannot be used, or the model cannot fill in.
    """
    prompt = _gap(info, body.input_prefix, body.prompt, body.input_suffix, body.input_extra)
    is_warming = 0 in (body.n_predict, body.max_tokens)
    wishes = _Wishes(
        max_tokens=(body.n_predict, body.max_tokens),
        priority=Priority.WARM if is_warming else Priority.GHOST_TEXT,
    )
    return _request(body, info, prompt, wishes)


def _gap(
    info: ModelInfo, prefix: str, tail: str, suffix: str, extra: Sequence[ExtraFile] = ()
) -> _Prompt:
    """Return the prompt that fills a gap; what is typed of a word is forced on the answer."""
    if info.fim_format is None:
        return _Prompt(infill_segments(info, prefix, suffix))
    healed = heal(tail, pieces_of(info.fim_format))
    segments = infill_segments(info, prefix, suffix, tail=healed.kept, extra=extra)
    return _Prompt(segments, healed.forced)


def _request(
    body: SharedBody, info: ModelInfo, prompt: _Prompt, wishes: _Wishes
) -> GenerateRequest:
    named = (tokens for tokens in wishes.max_tokens if tokens >= 0)
    max_tokens = next(named, DEFAULT_MAX_TOKENS)
    return GenerateRequest(
        request_id=uuid.uuid4().hex,
        model=info.model,
        segments=prompt.segments,
        document_key=_document_key(body, prompt.segments),
        forced_prefix=prompt.forced_prefix if max_tokens else "",
        priority=wishes.priority,
        sampling=sampling_of(body) if max_tokens else Sampling(),
        limits=Limits(max_tokens=max_tokens),
        stop=StopRules(texts=_stop_texts(body.stop)),
        num_alternatives=wishes.num_alternatives if max_tokens else 1,
        want_logprobs=wishes.want_logprobs,
    )


def _document_key(body: SharedBody, segments: Sequence[Segment]) -> str:
    """Return under what the prompt's KV cells are kept: a slot's, or a conversation's."""
    if not body.cache_prompt:
        return f"other tools: {uuid.uuid4().hex}"
    if body.prompt_cache_key:
        return f"other tools: key {body.prompt_cache_key}"
    if body.id_slot >= 0:
        return f"other tools: slot {body.id_slot}"
    text = "".join(one.text for one in segments if isinstance(one, TextSegment))[:_KEY_CHARS]
    return f"other tools: {hashlib.sha256(text.encode()).hexdigest()}"


def _stop_texts(stop: str | list[str]) -> tuple[str, ...]:
    texts = tuple(text for text in ([stop] if isinstance(stop, str) else stop) if text)
    if len(texts) > _MAX_STOP_TEXTS:
        raise refused("stop", len(texts), f"at most {_MAX_STOP_TEXTS} texts end an answer")
    longest = max((len(text) for text in texts), default=0)
    if longest > _MAX_STOP_CHARS:
        raise refused("stop", longest, f"a text has at most {_MAX_STOP_CHARS} characters")
    return texts

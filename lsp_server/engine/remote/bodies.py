"""The bodies of requests to an OpenAI-compatible server.  Pure.

Only fields of the OpenAI API reference: strict servers refuse others, so `top_k` and `min_p`
are lost on the way.
"""

from __future__ import annotations

from lsp_server.engine.api import GenerateRequest
from lsp_server.engine.remote.conversation import Talk
from lsp_server.engine.remote.rendering import RemotePrompt

#: Servers take no more; the rest ends the answer on this side.
_MAX_STOP_TEXTS = 4
_NUM_SEEDS = 2**31


def completion_body(
    request: GenerateRequest, prompt: RemotePrompt, model: str, index: int
) -> dict[str, object]:
    """Return the body for `/completions`."""
    body = {**_common(request, model, index), "prompt": prompt.text}
    if prompt.suffix is not None:
        body["suffix"] = prompt.suffix
    if request.want_logprobs:
        body["logprobs"] = 1
    return body


def chat_body(request: GenerateRequest, talk: Talk, model: str, index: int) -> dict[str, object]:
    """Return the body for `/chat/completions`."""
    return {**_common(request, model, index), "messages": list(talk.messages)}


def _common(request: GenerateRequest, model: str, index: int) -> dict[str, object]:
    sampling = request.sampling
    body: dict[str, object] = {
        "model": model,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": request.limits.max_tokens,
        "temperature": sampling.temperature,
        "seed": (sampling.seed + index) % _NUM_SEEDS,
    }
    if sampling.temperature > 0.0:
        body["top_p"] = sampling.top_p
    stop_texts = list(request.stop.texts[:_MAX_STOP_TEXTS])
    if request.stop.max_lines == 1 and len(stop_texts) < _MAX_STOP_TEXTS:
        stop_texts.append("\n")
    if stop_texts:
        body["stop"] = stop_texts
    return body

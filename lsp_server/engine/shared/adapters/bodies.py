"""The bodies that are understood, field by field.  Null means left out, everywhere."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from lsp_server.engine.api import MAX_ALTERNATIVES

#: Tokens of an answer where the body does not say: as many as code actions may take.
DEFAULT_MAX_TOKENS = 512

#: Sampling where the body does not say: llama-server's defaults, which local tools expect.
DEFAULT_TEMPERATURE = 0.8
DEFAULT_TOP_K = 40
DEFAULT_TOP_P = 0.95
DEFAULT_MIN_P = 0.05

Tokens = Annotated[int, Meta(ge=-1, le=65_536)]


class StreamOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a stream ends."""

    include_usage: bool = False
    include_obfuscation: bool = False


class SharedBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What all generating endpoints take.

    Attributes:
        model: One of `/v1/models`; empty takes the one that is loaded.
        n_predict: llama-server's name of `max_tokens`; -1 leaves it to the engine.
        samplers: llama-server's list of what cuts the candidates, in its order.
        id_slot: llama-server's slot; requests of one slot reuse each other's prompts best.
        prompt_cache_key: OpenAI's name of something much like it.
        cache_prompt: Whether what was computed for an older text of the slot may be used.
        response_fields: What of the answer is sent, with `/` between levels.
        t_max_predict_ms: Milliseconds after the first token in which new lines may begin.
        n_indent: The answer ends before a line with less indentation, in characters.
    """

    model: str = ""
    stream: bool = False
    stream_options: StreamOptions = StreamOptions()
    stop: str | list[str] = msgspec.field(default_factory=list)
    temperature: Annotated[float, Meta(ge=0.0, le=10.0)] = DEFAULT_TEMPERATURE
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] = DEFAULT_TOP_P
    top_k: Annotated[int, Meta(ge=0, le=1_000_000)] = DEFAULT_TOP_K
    min_p: Annotated[float, Meta(ge=0.0, le=1.0)] = DEFAULT_MIN_P
    seed: Annotated[int, Meta(ge=-1, le=2**63 - 1)] = -1
    n_predict: Tokens = -1
    samplers: list[str] | str | None = None
    id_slot: Annotated[int, Meta(ge=-1, le=2**31)] = -1
    prompt_cache_key: Annotated[str, Meta(max_length=256)] = ""
    cache_prompt: bool = True
    response_fields: list[str] = msgspec.field(default_factory=list)
    t_max_predict_ms: Annotated[int, Meta(ge=0, le=2**31)] = 0
    n_indent: Annotated[int, Meta(ge=0, le=10_000)] = 0


class CompletionBody(SharedBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/completions`.

    Attributes:
        prompt: A text, or a list with one.
        suffix: The text after the gap, for models that fill in.
        logprobs: 0 or 1: send the log-probability of each token.
    """

    prompt: object
    suffix: str = ""
    max_tokens: Tokens = -1
    n: Annotated[int, Meta(ge=1, le=MAX_ALTERNATIVES)] = 1
    logprobs: Annotated[int, Meta(ge=0, le=1)] | None = None


class ContentPart(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what somebody says; only text is understood."""

    type: str
    text: str = ""


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says."""

    role: str
    content: str | list[ContentPart] | None = None
    name: str | None = None
    tool_calls: object = None


class ChatBody(SharedBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /v1/chat/completions`.

    Attributes:
        messages: The conversation; a last one of the assistant is continued.
        logprobs: Send the log-probability of each token.
    """

    messages: Annotated[list[Message], Meta(min_length=1, max_length=1_000)]
    max_tokens: Tokens = -1
    max_completion_tokens: Tokens = -1
    n: Annotated[int, Meta(ge=1, le=MAX_ALTERNATIVES)] = 1
    logprobs: bool = False


class ExtraFile(msgspec.Struct, frozen=True, kw_only=True):
    """Text of another file that the model is to see."""

    text: str
    filename: str = ""
    time: object = None


class InfillBody(SharedBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /infill`, llama-server's.

    Attributes:
        input_prefix: Text before the gap.
        input_suffix: Text after the gap.
        input_extra: Texts of other files.
        prompt: What is typed between prefix and gap, mostly the line up to the cursor.
        max_tokens: Another name of `n_predict`.
    """

    input_prefix: str = ""
    input_suffix: str = ""
    input_extra: Annotated[list[ExtraFile], Meta(max_length=1_000)] = msgspec.field(
        default_factory=list
    )
    prompt: str = ""
    max_tokens: Tokens = -1


class TokenizeBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`POST /tokenize`, llama-server's.

    Attributes:
        content: The text; as everywhere it never becomes a special token.
        with_pieces: Send the text of each token, too.
    """

    content: str
    model: str = ""
    with_pieces: bool = False

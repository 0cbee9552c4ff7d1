"""The narrow waist: what a client may ask of an engine and what it hears back.

Every engine (in this process, in the shared engine process, on a remote server) implements
`Engine`; nothing above this module knows which one it talks to.  All values are frozen and
can be written as JSON by `msgspec.json`.

A prompt travels as text segments and never as token ids: only the engine tokenises.
"""

from __future__ import annotations

import enum
from collections.abc import AsyncGenerator
from typing import Annotated, Protocol

import msgspec
from msgspec import Meta

from lsp_server.engine.model_info import ModelInfo
from lsp_server.engine.status import EngineStatus
from lsp_server.models.fim_formats import MarkerRole as MarkerRole

#: Changes whenever a request or event changes in a way that an older peer cannot read.
PROTOCOL_VERSION = 1

#: Highest number of alternatives that one request may ask for.
MAX_ALTERNATIVES = 8


class Part(enum.Enum):
    """Which part of its document a text segment is, so that the KV cache can match runs."""

    CONTEXT = "context"
    PREFIX = "prefix"
    SUFFIX = "suffix"
    TAIL = "tail"


class TextSegment(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Document text.  It never becomes a control or user-defined token.

    Attributes:
        text: The text itself.
        document: A key of the document it stands in; an opaque string.
        part: Where in the prompt's layout it stands.
    """

    text: str
    document: str
    part: Part


class MarkerSegment(msgspec.Struct, frozen=True, kw_only=True, tag="marker"):
    """One special token of the model, by role."""

    role: MarkerRole


class TurnRole(enum.Enum):
    """Who speaks in a turn of a conversation."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"


class TurnSegment(msgspec.Struct, frozen=True, kw_only=True, tag="turn"):
    """The beginning of a turn: the segments up to the next one are what is said in it.

    The engine writes what the model's chat template has around turns.  The last turn is the
    assistant's; it stays open, and the model continues what it says.
    """

    role: TurnRole


Segment = TextSegment | MarkerSegment | TurnSegment


class Priority(enum.IntEnum):
    """Who waits for the answer; a lower number goes first."""

    GHOST_TEXT = 0
    POPUP = 1
    ACTION = 2
    PREFETCH = 3
    WARM = 4
    EVALUATION = 5


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How a token is chosen from the logits.

    Attributes:
        temperature: 0 means greedy: the most likely token, ties to the lower id.
        top_k: Keep the k most likely tokens; 0 keeps all.
        top_p: Keep the most likely tokens that together reach this probability.
        min_p: Drop tokens less likely than this share of the most likely one.
        seed: Seed of the random numbers; alternative i uses `seed + i`.
    """

    temperature: Annotated[float, Meta(ge=0.0, le=10.0)] = 0.0
    top_k: Annotated[int, Meta(ge=0)] = 40
    top_p: Annotated[float, Meta(gt=0.0, le=1.0)] = 0.95
    min_p: Annotated[float, Meta(ge=0.0, le=1.0)] = 0.0
    seed: Annotated[int, Meta(ge=0, le=2**63 - 1)] = 0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """When to give up.

    Attributes:
        max_tokens: Tokens generated per alternative; 0 only computes (warms) the prompt.
        max_ms: Milliseconds from the moment the engine took the request, or no limit.
    """

    max_tokens: Annotated[int, Meta(ge=0, le=65_536)] = 64
    max_ms: Annotated[int, Meta(gt=0)] | None = None


class StopRules(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alternative ends, besides the model's own end tokens.

    Attributes:
        texts: The alternative ends before the first of these texts.
        max_lines: The alternative ends before the newline that would follow this many lines;
            lines are counted from the first character after `forced_prefix`.
    """

    texts: Annotated[tuple[str, ...], Meta(max_length=32)] = ()
    max_lines: Annotated[int, Meta(ge=1)] | None = None


class GenerateRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One prompt to continue.

    Attributes:
        request_id: Chosen by the client; it names the request in logs.
        model: A catalogue id or the absolute path of a GGUF file.
        segments: The prompt in order.  The engine adds the model's BOS token itself.
        client: Who asks.  Requests of different clients never supersede each other, and each
            client's documents have KV cells of their own; beginnings are shared all the same.
        document_key: A later request with the same key and the same or a higher priority
            supersedes this one when `supersedes` is set there.
        forced_prefix: Text that every alternative must begin with and that is not sent back:
            the part of a word that is typed already (token healing).
        num_alternatives: How many answers; they share the prompt's KV cells.
        draft_texts: Texts from which the engine may guess tokens ahead and verify them.
        want_logprobs: Send the log-probability of each chosen token.
        supersedes: End every older request with the same `document_key` first.
        loads_model: Whether the model is loaded for this.  If not, and it is not there, the
            request ends at once, as cancelled.
    """

    request_id: str
    model: str
    segments: tuple[Segment, ...]
    client: str = ""
    document_key: str = ""
    forced_prefix: str = ""
    priority: Priority = Priority.GHOST_TEXT
    sampling: Sampling = Sampling()
    limits: Limits = Limits()
    stop: StopRules = StopRules()
    num_alternatives: Annotated[int, Meta(ge=1, le=MAX_ALTERNATIVES)] = 1
    draft_texts: tuple[str, ...] = ()
    want_logprobs: bool = False
    supersedes: bool = False
    loads_model: bool = True


class TokenText(msgspec.Struct, frozen=True, kw_only=True):
    """The text that one token added.

    Attributes:
        text: May be empty: a character made of several tokens comes with the last of them.
        logprob: Natural logarithm of the token's probability before sampling cuts, or `None`
            when it was not asked for.
    """

    text: str
    logprob: float | None = None


class LoadingEvent(msgspec.Struct, frozen=True, kw_only=True, tag="loading"):
    """The model is being loaded; sent now and then until it is.

    Attributes:
        model: What is being loaded.
        fraction: 0 to 1.
        waits_for: The models that have to go before it can be loaded; none once it is its turn.
    """

    model: str
    fraction: float
    waits_for: tuple[str, ...] = ()


class TextEvent(msgspec.Struct, frozen=True, kw_only=True, tag="text"):
    """Some more text of one alternative.

    Attributes:
        alternative: Index from 0.
        tokens: What was added, token by token.
    """

    alternative: int
    tokens: tuple[TokenText, ...]

    @property
    def text(self) -> str:
        """The text of all tokens together."""
        return "".join(token.text for token in self.tokens)


class EndReason(enum.Enum):
    """Why an alternative, or a whole request, ended."""

    STOP = "stop"
    LENGTH = "length"
    TIME = "time"
    CANCELLED = "cancelled"
    SUPERSEDED = "superseded"
    ERROR = "error"


class ErrorKind(enum.Enum):
    """Which of our errors ended a request; `engine.error_reports` maps it to an exception."""

    BAD_REQUEST = "bad_request"
    MODEL_NOT_FOUND = "model_not_found"
    MODEL_FILE = "model_file"
    MODEL_LOAD = "model_load"
    CANNOT_INFILL = "cannot_infill"
    CANNOT_CHAT = "cannot_chat"
    PROMPT_TOO_LONG = "prompt_too_long"
    NO_CELLS = "no_cells"
    STOPPED = "stopped"
    START = "start"
    SILENT = "silent"
    REMOTE = "remote"
    VERSION = "version"
    CONFIG = "config"
    INTERNAL = "internal"


class ErrorReport(msgspec.Struct, frozen=True, kw_only=True):
    """An error as it crosses the waist; the message is written for the user."""

    kind: ErrorKind
    message: str


class Cost(msgspec.Struct, frozen=True, kw_only=True):
    """What a request cost; prompt tokens are reused + shifted + computed.

    A request that had to give its cells away may have computed some of them twice.

    Attributes:
        tokens_reused: Prompt tokens whose KV cells were in place.
        tokens_shifted: Prompt tokens whose KV cells were moved to a new position.
        tokens_computed: Prompt tokens that were evaluated.
        tokens_drafted: Tokens guessed ahead.
        tokens_accepted: Guessed tokens that were right.
        tokens_generated: Tokens sampled, over all alternatives.
        ms_queued: Milliseconds before the first of its tokens was evaluated, loading included.
        ms_prefill: Milliseconds from then to the first sampled token.
        ms_decode: Milliseconds from the first to the last sampled token.
    """

    tokens_reused: int = 0
    tokens_shifted: int = 0
    tokens_computed: int = 0
    tokens_drafted: int = 0
    tokens_accepted: int = 0
    tokens_generated: int = 0
    ms_queued: float = 0.0
    ms_prefill: float = 0.0
    ms_decode: float = 0.0


class PromptEvent(msgspec.Struct, frozen=True, kw_only=True, tag="prompt"):
    """The prompt is computed; sent once, before any text.

    A client that closes the stream early knows from it what its request had cost by then.

    Attributes:
        cost: Of the prompt; nothing of it changes afterwards but what is generated.
    """

    cost: Cost


class EndEvent(msgspec.Struct, frozen=True, kw_only=True, tag="end"):
    """The last event of every stream, exactly one.

    Attributes:
        reasons: Why each alternative ended, in order; empty when none was started.
        cost: What the request cost as a whole.
        error: Set when, and only when, a reason is `ERROR` or the request never started.
    """

    reasons: tuple[EndReason, ...]
    cost: Cost = Cost()
    error: ErrorReport | None = None


Event = LoadingEvent | PromptEvent | TextEvent | EndEvent


class CountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Texts to be counted in tokens, each by itself and as document text."""

    model: str
    texts: tuple[str, ...]


class CountReply(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens per text, in the order of the request."""

    counts: tuple[int, ...]


class Engine(Protocol):
    """What every engine can do.

    `generate` is a stream.  Closing it (`aclose`) cancels the request and frees its KV cells
    within one step.  Every stream that is read to its end yields exactly one `EndEvent`, as
    its last; engine faults come as `EndEvent.error`, never as a broken stream.
    """

    def generate(self, request: GenerateRequest) -> AsyncGenerator[Event, None]:
        """Continue a prompt; loads the model first if need be."""
        ...

    async def count(self, request: CountRequest) -> CountReply:
        """Count tokens.

        Raises:
            ModelError: The model cannot be used.
            EngineError: The engine could not answer.
        """
        ...

    async def describe(self, model: str) -> ModelInfo:
        """Load a model if need be and say what it is.

        Raises:
            ModelError: The model cannot be used.
            EngineError: The engine could not answer.
        """
        ...

    async def status(self) -> EngineStatus:
        """Say what is loaded and running.

        Raises:
            EngineError: The engine could not answer.
        """
        ...

    async def aclose(self) -> None:
        """Let go of the connection, or of the models when they live in this process."""
        ...

"""The paths, headers and lines of `/bantam/v1`, as both ends use them."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from lsp_server.engine.api import ErrorReport, Event, LoadingEvent
from lsp_server.engine.model_info import ModelInfo
from lsp_server.errors import EngineVersionError

Answer = TypeVar("Answer")

HELLO_PATH = "/bantam/v1/hello"
GENERATE_PATH = "/bantam/v1/generate"
COUNT_PATH = "/bantam/v1/count"
DESCRIBE_PATH = "/bantam/v1/describe"
STATUS_PATH = "/bantam/v1/status"
STOP_PATH = "/bantam/v1/stop"
#: Of a stop: seconds for which the requests that run may go on, while new ones are refused.
DRAIN_FIELD = "drain_s"
MAX_DRAIN_S = 20.0
HEALTH_PATH = "/health"
#: Over TCP alone: the engine proves that it knows the secret before anything is sent to it.
PROVE_PATH = "/bantam/v1/prove"

#: What other tools speak: OpenAI's endpoints, llama-server's, and Prometheus's.
COMPLETIONS_PATH = "/v1/completions"
CHAT_PATH = "/v1/chat/completions"
MODELS_PATH = "/v1/models"
INFILL_PATH = "/infill"
TOKENIZE_PATH = "/tokenize"
METRICS_PATH = "/metrics"
OTHER_TOOLS_PATHS = frozenset({INFILL_PATH, TOKENIZE_PATH, METRICS_PATH})

#: Whatever is sent to one of these depends on `PROTOCOL_VERSION`; the others never change.
VERSIONED_PATHS = frozenset({GENERATE_PATH, COUNT_PATH, DESCRIBE_PATH})

#: A client names its `PROTOCOL_VERSION` in every request, so that it notices when another
#: engine has taken the place of the one that it said hello to.
PROTOCOL_HEADER = "Bantam-Protocol"

#: Lines of JSON, one event each.
LINES_TYPE = "application/x-ndjson"

#: Largest line that a client accepts of an engine.
MAX_LINE_BYTES = 16 * 1024 * 1024


class DescribeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which model to load and describe."""

    model: str


class DescribedLine(msgspec.Struct, frozen=True, kw_only=True, tag="described"):
    """The last line of a description that worked."""

    info: ModelInfo


class FailedLine(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The last line of a description that did not."""

    error: ErrorReport


DescribeLine = LoadingEvent | DescribedLine | FailedLine

EVENT_DECODER: msgspec.json.Decoder[Event] = msgspec.json.Decoder(Event)
DESCRIBE_DECODER: msgspec.json.Decoder[DescribeLine] = msgspec.json.Decoder(DescribeLine)


def line_of(message: Event | DescribeLine) -> bytes:
    """Return one line, with its end."""
    return msgspec.json.encode(message) + b"\n"


def decode_answer(decoder: msgspec.json.Decoder[Answer], answer: bytes) -> Answer:
    """Return what an engine answered.

    Raises:
        EngineVersionError: It cannot be read, so the engine is of another kind.
    """
    try:
        return decoder.decode(answer)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngineVersionError(
            f"the running engine answers in a way that this version does not know ({error}); "
            "run `bantam engine stop` and restart the editor"
        ) from error

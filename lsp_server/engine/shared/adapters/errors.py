"""Our errors in the shape that OpenAI's clients and llama-server's know.  Pure."""

from __future__ import annotations

from typing import Any

from lsp_server.engine.api import ErrorKind, ErrorReport
from lsp_server.engine.shared.wire import messages

#: What OpenAI calls some of our kinds; the others keep their name.
_CODES = {
    ErrorKind.BAD_REQUEST: "invalid_value",
    ErrorKind.PROMPT_TOO_LONG: "context_length_exceeded",
}
#: The field that some kinds are about.
_PARAMS = {ErrorKind.MODEL_NOT_FOUND: "model"}
#: What OpenAI calls refusals of the server itself.
_CODES_OF_STATUS = {401: "invalid_api_key", 429: "rate_limit_exceeded"}


def is_for_other_tools(path: str) -> bool:
    """Return whether an endpoint is one of those that other tools speak."""
    return path in messages.OTHER_TOOLS_PATHS or path.startswith("/v1/")


def openai_error(report: ErrorReport, status: int, param: str | None = None) -> dict[str, Any]:
    """Return the body of an error answer.

    Args:
        report: What went wrong.
        status: Of the answer.
        param: The field that is to blame.
    """
    return {
        "error": {
            "message": report.message,
            "type": "invalid_request_error" if status < 500 else "server_error",
            "param": param or _PARAMS.get(report.kind),
            "code": _CODES_OF_STATUS.get(status) or _CODES.get(report.kind, report.kind.value),
        }
    }

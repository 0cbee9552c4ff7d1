"""From what a remote server answers when it refuses to one of our errors.  Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec

from lsp_server.errors import BantamError, ModelNotFoundError, PromptTooLongError, RemoteError

_MAX_REASON_CHARS = 300
#: What OpenAI, vLLM, llama-server and llama-cpp-python say of a prompt that is too long.
_TOO_LONG = re.compile(
    r"context_length_exceeded|exceed_context_size|maximum context|context (length|size|window)",
    re.IGNORECASE,
)


class NoModelListError(RemoteError):
    """The server works otherwise, perhaps, but does not list its models."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer that is none.

    Attributes:
        status: HTTP status.
        body: The beginning of the answer.
        location: Where a redirect leads.
        retry_after: When to come again, in the server's words.
    """

    status: int
    body: str
    location: str = ""
    retry_after: str = ""


def error_of_refusal(refusal: Refusal, host: str, path: str, key: str | None) -> BantamError:
    """Return the error for a refusal; no key is ever in its message.

    Args:
        refusal: The answer.
        host: The server, for people.
        path: What was asked.
        key: What was sent as key: servers repeat it in their messages.
    """
    status = refusal.status
    reason = _reason(refusal.body, key)
    server = f"the remote server {host}"
    if status in (401, 403):
        said = "refuses the key" if key else "wants a key"
        return RemoteError(
            f"{server} {said} (status {status}); put the right one where remote.key_file or "
            "remote.key_variable says"
        )
    if 300 <= status < 400:
        to = f" to {_without_key(refusal.location, key)}" if refusal.location else ""
        return RemoteError(
            f"{server} redirects{to}, and your code is sent nowhere but where you say; if you "
            "trust that address, put it in remote.url"
        )
    if status == 404 and "model" in refusal.body.lower():
        return ModelNotFoundError(f"{server} has no such model{reason}")
    if status in (404, 405):
        kind = NoModelListError if path == "/models" else RemoteError
        return kind(
            f"{server} has no {path} (status {status}), so it is not OpenAI-compatible there; "
            "correct the path in remote.url, which mostly ends with /v1"
        )
    if status in (400, 413, 422) and _TOO_LONG.search(refusal.body):
        return PromptTooLongError(
            f"{server} says that the prompt is too long{reason}; set remote.context_tokens to "
            "what its model takes"
        )
    if status == 429:
        when = f" in {refusal.retry_after} s" if refusal.retry_after.isdecimal() else " later"
        return RemoteError(
            f"{server} has had too many requests (status 429){reason}; try again{when}, or raise "
            "completion.debounce_ms"
        )
    if status >= 500:
        return RemoteError(
            f"{server} failed (status {status}){reason}; try again later, or ask who runs it"
        )
    return RemoteError(f"{server} refuses the request (status {status}){reason}")


def error_in_stream(error: object, host: str, key: str | None) -> RemoteError:
    """Return the error for one that a server reports within its answer."""
    body = msgspec.json.encode({"error": error}).decode()
    return RemoteError(f"the remote server {host} gave up{_reason(body, key)}")


def _reason(body: str, key: str | None) -> str:
    text = " ".join(_without_key(_message(body), key).split())
    if not text or text.startswith("<"):
        return ""
    if len(text) > _MAX_REASON_CHARS:
        text = f"{text[:_MAX_REASON_CHARS]}…"
    return f": {text}".rstrip(".")


def _message(body: str) -> str:
    """Return the message of an error object, or the whole text when it is none."""
    try:
        value = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    for name in ("error", "detail", "message"):
        if isinstance(value, dict) and name in value:
            value = value[name]
    return value if isinstance(value, str) else body


def _without_key(text: str, key: str | None) -> str:
    return text.replace(key, "(key)") if key else text

"""The HTTP border of the engine process: who may ask, and how an error is answered."""

from __future__ import annotations

import asyncio
import logging

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from lsp_server.engine.api import PROTOCOL_VERSION, ErrorKind, ErrorReport
from lsp_server.engine.error_reports import report_of
from lsp_server.engine.shared.adapters.errors import is_for_other_tools, openai_error
from lsp_server.engine.shared.adapters.fields import FieldError
from lsp_server.engine.shared.wire.messages import PROTOCOL_HEADER, VERSIONED_PATHS
from lsp_server.engine.shared.wire.peer import is_own_user
from lsp_server.errors import BantamError

LOGGER = logging.getLogger(__name__)

INTERNAL_REPORT = ErrorReport(
    kind=ErrorKind.INTERNAL,
    message="the engine failed on this request because of a fault of its own; its log says where",
)

_STATUS_OF_KIND = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.PROMPT_TOO_LONG: 400,
    ErrorKind.CANNOT_INFILL: 400,
    ErrorKind.CANNOT_CHAT: 400,
    ErrorKind.MODEL_NOT_FOUND: 404,
    ErrorKind.MODEL_FILE: 422,
    ErrorKind.MODEL_LOAD: 507,
    ErrorKind.NO_CELLS: 507,
    ErrorKind.STOPPED: 503,
}


#: 401 has to name a scheme (RFC 9110, section 11.6.1).
_HEADERS_OF_STATUS = {401: {"WWW-Authenticate": "Bearer"}, 429: {"Retry-After": "1"}}


def status_of(report: ErrorReport) -> int:
    """Return the HTTP status of an answer that is an error."""
    return _STATUS_OF_KIND.get(report.kind, 500)


def json_response(value: object, status: int = 200) -> web.Response:
    """Return an answer with a value as JSON."""
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn every exception into an error answer; faults of our own go to the log."""
    try:
        return await handler(request)
    except web.HTTPException as error:
        report = ErrorReport(kind=ErrorKind.BAD_REQUEST, message=_http_message(error, request))
        response = _error_response(request, report, error.status)
        response.headers.update(_HEADERS_OF_STATUS.get(error.status, {}))
        return response
    except FieldError as error:
        report = report_of(error)
        return _error_response(request, report, status_of(report), error.param)
    except BantamError as error:
        report = report_of(error)
        return _error_response(request, report, status_of(report))
    except (ConnectionError, asyncio.CancelledError):
        raise
    except Exception:
        LOGGER.exception("%s failed", request.path)
        return _error_response(request, INTERNAL_REPORT, 500)


def _error_response(
    request: web.Request, report: ErrorReport, status: int, param: str | None = None
) -> web.Response:
    """Return the error in the words of the endpoint."""
    if is_for_other_tools(request.path):
        return json_response(openai_error(report, status, param), status)
    return json_response(report, status)


@web.middleware
async def refuse_other_users(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer processes of the same user only; the folder is the first fence, this the second."""
    transport = request.transport
    if transport is None:
        raise ConnectionResetError("the client went away")
    if not is_own_user(transport.get_extra_info("socket")):
        raise web.HTTPForbidden(text="this engine belongs to another user")
    return await handler(request)


@web.middleware
async def refuse_other_protocols(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Send a client that said hello to another engine back to do so again.

    The header may be missing: tools that were written by hand need not say hello.
    """
    named = request.headers.get(PROTOCOL_HEADER, str(PROTOCOL_VERSION))
    if named != str(PROTOCOL_VERSION) and request.path in VERSIONED_PATHS:
        raise web.HTTPConflict(text=f"this engine speaks protocol version {PROTOCOL_VERSION}")
    return await handler(request)


def _http_message(error: web.HTTPException, request: web.Request) -> str:
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return (
            f"the request's body is too large; the limit is {request.client_max_size} bytes: send "
            "less (editors by completion.prefix_chars and completion.suffix_chars), or raise "
            "engine.max_body_mib"
        )
    if isinstance(error, web.HTTPNotFound | web.HTTPMethodNotAllowed):
        return f"this engine has no {request.method} {request.path}"
    return error.text or error.reason

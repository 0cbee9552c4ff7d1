"""The border where anything that goes wrong in a handler becomes an LSP error or a log line.

pygls would send a traceback with local paths to the client, and a message box for a failed
notification.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException, JsonRpcInternalError, JsonRpcInvalidParams

from lsp_server.errors import BantamError

LOGGER = logging.getLogger(__name__)


def request_failed(message: str) -> JsonRpcException:
    """Return the answer to a request that was sound and came to nothing."""
    return JsonRpcException(message, code=types.LSPErrorCodes.RequestFailed)


def without_traceback(error: types.ResponseError) -> types.ResponseError:
    """Return the answer in place of one that pygls has made of an unexpected exception.

    Its message quotes the exception's, which may hold local paths, as its traceback does.
    """
    if not isinstance(error.data, dict) or "traceback" not in error.data:
        return error
    return types.ResponseError(error.code, "Bantam failed in this request; its log says more")


def guard_request(
    name: str, handler: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[Any]]:
    """Return the handler of a request with the border around it."""

    async def guarded(*args: Any) -> Any:
        with _border(name):
            return await handler(*args)

    return guarded


def guard_call(name: str, handler: Callable[..., Any]) -> Callable[..., Any]:
    """Return the handler of a request that is answered on the spot."""

    def guarded(*args: Any) -> Any:
        with _border(name):
            return handler(*args)

    return guarded


def guard_notification(name: str, handler: Callable[..., Any]) -> Callable[..., None]:
    """Return the handler of a notification, which has nobody to tell that it failed."""

    def guarded(*args: Any) -> None:
        try:
            handler(*args)
        except Exception:
            LOGGER.exception("%s failed", name)

    return guarded


@contextlib.contextmanager
def _border(name: str) -> Iterator[None]:
    """Turn our errors into answers that the client can show, and log all others.

    Raises:
        JsonRpcException: Without a traceback, which would hold local paths.
    """
    try:
        yield
    except JsonRpcException:
        raise
    except BantamError as error:
        raise JsonRpcInvalidParams(str(error)) from None
    except Exception:
        LOGGER.exception("%s failed", name)
        message = f"Bantam failed in {name}; its log says more"
        raise JsonRpcInternalError(message) from None

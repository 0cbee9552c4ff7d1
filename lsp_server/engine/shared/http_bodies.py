"""Read a request's body, from a client that may stop sending."""

from __future__ import annotations

import asyncio

from aiohttp import web


async def read_body(request: web.Request, timeout_s: float) -> bytes:
    """Return the whole body.

    Raises:
        web.HTTPRequestTimeout: It did not arrive in time.
        web.HTTPRequestEntityTooLarge: It is larger than the application allows.
    """
    if (request.content_length or 0) > request.client_max_size:
        raise web.HTTPRequestEntityTooLarge(request.client_max_size, request.content_length or 0)
    try:
        async with asyncio.timeout(timeout_s):
            return await request.read()
    except TimeoutError as error:
        raise web.HTTPRequestTimeout(
            text=f"the request's body did not arrive within {timeout_s:g} s"
        ) from error

"""A program that answers as llama-server does, without a model.

Usage: stub_llama_server.py MODEL CONTEXT_TOKENS PORT
"""

from __future__ import annotations

import json
import sys
from typing import Any

from aiohttp import web

#: What it says every prompt cost.
TOKENS_COMPUTED = 250
TOKENS_REUSED = 770
#: A stream of so many tokens ends without its last line.
TOKENS_OF_A_CUT_STREAM = 13


async def answer(request: web.Request) -> web.StreamResponse:
    body: dict[str, Any] = await request.json()
    if body.get("prompt") == "fail":
        return web.json_response({"error": {"message": "told to"}}, status=500)
    timings = {
        "prompt_n": TOKENS_COMPUTED,
        "cache_n": TOKENS_REUSED,
        "predicted_n": body["n_predict"],
        "prompt_ms": 20.0,
        "predicted_ms": 10.0,
    }
    if body["stream"]:
        return await streamed(request, body["n_predict"], timings)
    return web.json_response({"content": "", "timings": timings, "asked": body})


async def streamed(
    request: web.Request, num_tokens: int, timings: dict[str, Any]
) -> web.StreamResponse:
    """Send a line for each token, and one more at the end, as the server does."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    for _ in range(num_tokens):
        await response.write(event({"content": "x", "stop": False}))
    if num_tokens != TOKENS_OF_A_CUT_STREAM:
        await response.write(event({"content": "", "stop": True, "timings": timings}))
    await response.write_eof()
    return response


def event(content: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(content)}\n\n".encode()


async def health(request: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


def main(model: str, context_tokens: str, port: str) -> None:
    if model.endswith("broken.gguf"):
        sys.exit("the model cannot be loaded")
    app = web.Application()
    app.add_routes([web.get("/health", health)])
    app.add_routes([web.post("/infill", answer), web.post("/completion", answer)])
    web.run_app(app, host="127.0.0.1", port=int(port), print=None)


if __name__ == "__main__":
    main(*sys.argv[1:])

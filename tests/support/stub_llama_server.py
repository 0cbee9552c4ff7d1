"""A program that answers as llama-server does, without a model.

Usage: stub_llama_server.py MODEL CONTEXT_TOKENS PORT
"""

from __future__ import annotations

import sys
from typing import Any

from aiohttp import web

#: What it says every prompt cost.
TOKENS_COMPUTED = 250
TOKENS_REUSED = 770


async def answer(request: web.Request) -> web.Response:
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
    return web.json_response({"content": "", "timings": timings, "asked": body})


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

"""Whatever a body holds, it is answered or refused: no fault, no traceback, no path."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import aiohttp
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from lsp_server.directories import Directories
from lsp_server.engine.local import create_local_engine
from lsp_server.engine.shared.adapters.bodies import (
    ChatBody,
    CompletionBody,
    InfillBody,
    TokenizeBody,
)
from lsp_server.engine.shared.adapters.known_fields import IGNORED_FIELDS, NEUTRAL_VALUES
from lsp_server.settings.schema import EngineSettings
from tests.support.tcp_engine import TcpEngine, served_over_tcp

NUM_EXAMPLES = 150

_FIELDS = {
    "/v1/completions": CompletionBody.__struct_fields__,
    "/v1/chat/completions": ChatBody.__struct_fields__,
    "/infill": InfillBody.__struct_fields__,
    "/tokenize": TokenizeBody.__struct_fields__,
    "/bantam/v1/generate": ("request_id", "model", "segments", "priority", "limits", "sampling"),
    "/bantam/v1/count": ("model", "texts"),
    "/bantam/v1/describe": ("model",),
    "/bantam/v1/prove": ("nonce",),
}
_OTHERS = (*sorted(IGNORED_FIELDS), *sorted(NEUTRAL_VALUES), "unknown")

_numbers = st.one_of(
    st.integers(-3, 9),
    st.sampled_from([2**31, 2**63, -(2**70), 1e308, 0.5, 1.5]),
    st.floats(allow_nan=False, allow_infinity=False),
)
_texts = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        [
            *("fake", "fake:chat", "fake:broken", "bantam-embedded", "/etc/passwd", "../x", "~"),
            *(
                "user",
                "assistant",
                "system",
                "text",
                "<｜fim▁begin｜>",
                "\x00",
                "top_k",
                "\U0001f600",
            ),
        ]
    ),
)
_messages = st.lists(
    st.fixed_dictionaries(
        {"role": st.one_of(st.just("user"), _texts)},
        optional={
            "content": st.one_of(
                _texts,
                st.none(),
                st.lists(st.fixed_dictionaries({"type": _texts}, optional={"text": _texts})),
            )
        },
    ),
    max_size=4,
)
_said = st.lists(
    st.fixed_dictionaries(
        {"role": st.sampled_from(["system", "user", "assistant"]), "content": _texts}
    ),
    min_size=1,
    max_size=4,
)
_json = st.recursive(
    st.one_of(st.none(), st.booleans(), _numbers, _texts),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(_texts, inner, max_size=3)
    ),
    max_leaves=6,
)


@st.composite
def bodies(draw: st.DrawFn, model: str) -> tuple[str, bytes]:
    """Return a path, and a body for a model that is almost right, or not at all."""
    path = draw(st.sampled_from(sorted(_FIELDS)))
    if draw(st.integers(0, 9)) == 0:
        return path, draw(st.one_of(st.binary(max_size=40), _json.map(_encoded)))
    # Mostly so much that the request is begun.
    body: dict[str, Any] = {
        "prompt": draw(_texts),
        "messages": draw(st.one_of(_said, _said, _messages)),
        "content": draw(_texts),
        "max_tokens": draw(st.integers(-1, 4)),
        "n_predict": draw(st.integers(-1, 4)),
        "request_id": "1",
        "segments": [{"type": "text", "text": draw(_texts), "document": "a", "part": "prefix"}],
        "limits": {"max_tokens": 2},
        "texts": [draw(_texts)],
        "nonce": "00" * 32,
    }
    if path.startswith("/bantam/"):
        body["model"] = model
    body = {name: value for name, value in body.items() if name in _FIELDS[path]}
    names = st.one_of(st.sampled_from(_FIELDS[path]), st.sampled_from(_OTHERS))
    body |= draw(st.dictionaries(names, st.one_of(_json, _messages), max_size=3))
    return path, _encoded(body)


def _encoded(value: object) -> bytes:
    return json.dumps(value).encode()


async def refusal_of(tools: TcpEngine, path: str, body: bytes) -> str | None:
    """Return what is wrong with the answer to a body, or `None`."""
    try:
        async with tools.http.post(path, data=body) as answer:
            text = await answer.text()
    except aiohttp.ClientError as error:
        return f"no answer: {error!r}"
    wrong = [
        word for word in ("Traceback", ".py", "/site-packages", "/tmp/bantam-") if word in text
    ]
    if wrong:
        return f"{wrong} in {text}"
    if answer.status == 500 and "a fault of its own" not in text and "fake:broken" in text:
        return None  # A model that cannot be loaded.
    if answer.status >= 500 and answer.status != 507:
        return f"status {answer.status}: {text}"
    if answer.status >= 400 and answer.content_type != "application/json":
        return f"{answer.content_type}: {text}"
    if "a fault of its own" in text or "its log" in text:
        return text
    if path.startswith(("/v1", "/infill", "/tokenize")) and answer.status >= 400:
        refusal = json.loads(text)["error"]
        if not (refusal["message"] and refusal["type"] and refusal["code"]):
            return text
    return None


@pytest.mark.parametrize("model", ["fake", "fake:chat"])
def test_no_body_makes_a_fault(bantam_directories: Directories, model: str) -> None:
    with asyncio.Runner() as runner:
        serving = served_over_tcp(
            create_local_engine(EngineSettings()), bantam_directories, default_model=model
        )
        tools = runner.run(serving.__aenter__())

        @settings(
            max_examples=NUM_EXAMPLES,
            deadline=None,
            phases=(Phase.explicit, Phase.generate, Phase.shrink),
            suppress_health_check=list(HealthCheck),
        )
        @given(bodies(model))
        def check(sent: tuple[str, bytes]) -> None:
            assert runner.run(refusal_of(tools, *sent)) is None

        try:
            check()
        finally:
            runner.run(serving.__aexit__(None, None, None))

"""The requests that llama.vim sends, field by field, and what it reads of the answers.

Shapes: ggml-org/llama.vim `autoload/llama.vim` (version of 2026-01-31), functions `llama#fim`,
`s:ring_update`, `llama#inst`, `llama#inst_send`, and those that take the answers.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from lsp_server.engine.runners.fake_models import FAKE_CHAT_ANSWER, FAKE_COMPLETION
from tests.support.tcp_engine import TcpEngine

#: What it shows beside a suggestion.
TIMINGS = [
    *("timings/prompt_n", "timings/prompt_ms", "timings/prompt_per_token_ms"),
    *("timings/prompt_per_second", "timings/predicted_n", "timings/predicted_ms"),
    *("timings/predicted_per_token_ms", "timings/predicted_per_second"),
]
CHUNK = {"text": "def sub(a, b):\n    return a - b\n", "time": [1, 2], "filename": "sub.py"}


def suggestion(**fields: object) -> dict[str, Any]:
    """Return what is asked while a person types."""
    return {
        "id_slot": 0,
        "input_prefix": "import math\n\n\ndef add(a, b):\n",
        "input_suffix": "\n\nprint(add(1, 2))\n",
        "input_extra": [CHUNK],
        "prompt": "    ",
        "n_predict": 128,
        "stop": [],
        "n_indent": 4,
        "top_k": 40,
        "top_p": 0.90,
        "samplers": ["top_k", "top_p", "infill"],
        "stream": False,
        "cache_prompt": True,
        "t_max_prompt_ms": 500,
        "t_max_predict_ms": 250,
        "response_fields": ["content", *TIMINGS, "truncated", "tokens_cached"],
        "model": "",
        **fields,
    }


def warming() -> dict[str, Any]:
    """Return what is asked now and then, so that other files are known."""
    return {
        "id_slot": 0,
        "input_prefix": "",
        "input_suffix": "",
        "input_extra": [CHUNK],
        "prompt": "",
        "n_predict": 0,
        "temperature": 0.0,
        "samplers": [],
        "stream": False,
        "cache_prompt": True,
        "t_max_prompt_ms": 1,
        "t_max_predict_ms": 1,
        "response_fields": [""],
        "model": "",
    }


async def infill(tools: TcpEngine, body: dict[str, Any]) -> dict[str, Any]:
    # It sends no more than curl's `--header "Content-Type: application/json"` and the key.
    async with tools.http.post("/infill", json=body) as answer:
        assert answer.status == 200, await answer.text()
        values: dict[str, Any] = await answer.json()
        return values


async def test_a_suggestion_has_the_fields_that_are_read(tools: TcpEngine) -> None:
    answer = await infill(tools, suggestion())
    assert answer["content"] == FAKE_COMPLETION
    assert set(answer) == {"content", *TIMINGS, "truncated", "tokens_cached"}
    assert answer["timings/prompt_n"] > 0
    assert answer["timings/predicted_n"] > len(FAKE_COMPLETION)
    assert answer["tokens_cached"] > answer["timings/prompt_n"]


async def test_the_answer_looks_like_json_of_an_object_with_content(tools: TcpEngine) -> None:
    # It looks at the text with two patterns before it decodes it.
    async with tools.http.post("/infill", json=suggestion()) as answer:
        text = await answer.text()
    assert text.startswith("{")
    assert '"content":"' in text


async def test_the_next_key_computes_what_was_typed_alone(tools: TcpEngine) -> None:
    await infill(tools, suggestion())
    answer = await infill(tools, suggestion(prompt="    re"))
    # The fake model has a token for each character.
    assert answer["timings/prompt_n"] <= 2
    assert answer["content"] == FAKE_COMPLETION.removeprefix("re")


async def test_warming_answers_nothing_and_is_of_use(tools: TcpEngine) -> None:
    assert await infill(tools, warming()) == {}
    (model,) = (await tools.engine.status()).models
    assert model.totals.computed > len(CHUNK["text"])
    assert model.totals.generated == 0


async def test_a_stream_has_content_and_ends_with_timings(tools: TcpEngine) -> None:
    body = suggestion(stream=True, response_fields=[])
    async with tools.http.post("/infill", json=body) as answer:
        assert answer.content_type == "text/event-stream"
        events = (await answer.text()).strip().split("\n\n")
    chunks = [json.loads(event.removeprefix("data: ")) for event in events]
    assert "".join(chunk["content"] for chunk in chunks) == FAKE_COMPLETION
    assert [chunk["stop"] for chunk in chunks[-2:]] == [False, True]
    assert chunks[-1]["timings"]["predicted_n"] > len(FAKE_COMPLETION)
    assert chunks[-1]["stop_type"] == "eos"


@pytest.mark.parametrize("model", ["fake:slow"])
async def test_time_is_over_only_after_the_first_line(tools: TcpEngine) -> None:
    answer = await infill(tools, suggestion(n_indent=0, t_max_predict_ms=1))
    assert answer["content"].count("\n") == 1
    # It shows how fast the answer was, also of one that was cut short.
    assert answer["timings/predicted_ms"] > 0
    assert answer["timings/predicted_per_second"] > 0


async def test_a_field_that_is_not_supported_is_refused(tools: TcpEngine) -> None:
    async with tools.http.post("/infill", json=suggestion(grammar="root ::= x")) as answer:
        assert answer.status == 400
        error = (await answer.json())["error"]
    assert error["param"] == "grammar"
    async with tools.http.post("/infill", json=suggestion(samplers=["magic"])) as answer:
        assert "magic" in (await answer.json())["error"]["message"]


@pytest.mark.parametrize("model", ["fake:chat"])
async def test_an_instruction_is_warmed_up_and_followed(tools: TcpEngine) -> None:
    messages = [
        {"role": "system", "content": "You are a text-editing assistant.\n--- SELECTION\nx = 1\n"},
        {"role": "user", "content": ""},
    ]
    warm_up = {
        "id_slot": 3,
        "messages": messages,
        "samplers": [],
        "n_predict": 0,
        "stream": False,
        "cache_prompt": True,
        "response_fields": [""],
        "model": "",
    }
    async with tools.http.post("/v1/chat/completions", json=warm_up) as answer:
        assert answer.status == 200, await answer.text()
    instruction = {
        "id_slot": 3,
        "messages": [messages[0], {"role": "user", "content": "INSTRUCTION: add"}],
        "min_p": 0.1,
        "temperature": 0.1,
        "samplers": ["min_p", "temperature"],
        "stream": True,
        "cache_prompt": True,
        "model": "",
    }
    text = ""
    async with tools.http.post("/v1/chat/completions", json=instruction) as answer:
        async for line in answer.content:
            if line.startswith(b"data: {"):
                (choice,) = json.loads(line[6:])["choices"]
                text += choice["delta"].get("content") or ""
    assert text == FAKE_CHAT_ANSWER

"""OpenAI's own Python client against the engine, unchanged."""

from __future__ import annotations

import openai
import pytest

from lsp_server.engine.local import LocalEngine
from lsp_server.engine.runners.fake_models import FAKE_CHAT_ANSWER, FAKE_COMPLETION
from lsp_server.engine.shared.polling import wait_until
from tests.support.tcp_engine import TcpEngine

PROMPT = "def add(a, b):\n    "


async def test_a_completion_has_text_reason_and_usage(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(
        model="fake", prompt=PROMPT, temperature=0, max_tokens=50
    )
    (choice,) = answer.choices
    assert (choice.text, choice.finish_reason) == (FAKE_COMPLETION, "stop")
    assert answer.model == "fake"
    assert answer.usage is not None
    # A character is a token of the fake model, which begins with BOS and ends with a token.
    assert answer.usage.prompt_tokens == len(PROMPT) + 1
    assert answer.usage.completion_tokens == len(FAKE_COMPLETION) + 1


async def test_a_limit_of_tokens_ends_an_answer(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(model="fake", prompt=PROMPT, max_tokens=6)
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("return", "length")


async def test_a_stop_text_ends_an_answer(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(model="fake", prompt=PROMPT, stop=["+", "\n"])
    assert (answer.choices[0].text, answer.choices[0].finish_reason) == ("return a ", "stop")


async def test_a_second_request_reuses_the_first_ones_tokens(tools: TcpEngine) -> None:
    for _ in range(2):
        answer = await tools.openai.completions.create(model="fake", prompt=PROMPT)
    assert answer.usage is not None
    assert answer.usage.prompt_tokens_details is not None
    assert answer.usage.prompt_tokens_details.cached_tokens == len(PROMPT)


async def test_a_suffix_makes_it_fill_in(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(
        model="fake", prompt=PROMPT, suffix="\n\nprint(add(1, 2))\n", temperature=0
    )
    assert answer.choices[0].text == FAKE_COMPLETION
    assert answer.usage is not None
    assert answer.usage.prompt_tokens > len(PROMPT) + len("\n\nprint(add(1, 2))\n")


async def test_a_stream_gives_the_same_text_and_the_usage_at_its_end(tools: TcpEngine) -> None:
    stream = await tools.openai.completions.create(
        model="fake", prompt=PROMPT, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    assert "".join(choice.text for choice in choices) == FAKE_COMPLETION
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    assert chunks[-1].usage is not None
    assert chunks[-1].usage.completion_tokens == len(FAKE_COMPLETION) + 1


async def test_several_answers_come_with_their_index(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(model="fake", prompt=PROMPT, n=3)
    assert [choice.index for choice in answer.choices] == [0, 1, 2]
    stream = await tools.openai.completions.create(model="fake", prompt=PROMPT, n=3, stream=True)
    ends = [chunk.choices[0].index async for chunk in stream if chunk.choices[0].finish_reason]
    assert ends == [0, 1, 2]


async def test_logprobs_come_with_tokens_and_offsets(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(
        model="fake", prompt=PROMPT, logprobs=1, max_tokens=3
    )
    logprobs = answer.choices[0].logprobs
    assert logprobs is not None
    assert logprobs.tokens == ["r", "e", "t"]
    assert logprobs.text_offset == [0, 1, 2]
    assert all(value is not None and value <= 0 for value in logprobs.token_logprobs or [])


@pytest.mark.parametrize("model", ["fake:noise"])
async def test_a_seed_repeats_an_answer_and_another_changes_it(tools: TcpEngine) -> None:
    texts = [
        (
            await tools.openai.completions.create(
                model="fake:noise", prompt=PROMPT, max_tokens=40, temperature=1, seed=seed
            )
        )
        .choices[0]
        .text
        for seed in (7, 7, 8)
    ]
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("model", ["fake:chat"])
async def test_a_conversation_is_answered(tools: TcpEngine) -> None:
    answer = await tools.openai.chat.completions.create(
        model="fake:chat",
        messages=[
            {"role": "system", "content": "You write Python."},
            {"role": "user", "content": [{"type": "text", "text": "Add two numbers."}]},
        ],
        max_completion_tokens=200,
    )
    (choice,) = answer.choices
    assert choice.message.role == "assistant"
    assert choice.message.content == FAKE_CHAT_ANSWER
    assert choice.finish_reason == "stop"


@pytest.mark.parametrize("model", ["fake:chat"])
async def test_a_conversation_streams_role_text_and_end(tools: TcpEngine) -> None:
    stream = await tools.openai.chat.completions.create(
        model="fake:chat", messages=[{"role": "user", "content": "Add."}], stream=True
    )
    deltas = [chunk.choices[0] async for chunk in stream]
    assert deltas[0].delta.role == "assistant"
    assert "".join(one.delta.content or "" for one in deltas) == FAKE_CHAT_ANSWER
    assert deltas[-1].finish_reason == "stop"


@pytest.mark.parametrize("model", ["fake:slow"])
async def test_a_client_that_leaves_its_stream_ends_the_request(tools: TcpEngine) -> None:
    stream = await tools.openai.completions.create(
        model="fake:slow", prompt=PROMPT, stream=True, max_tokens=10_000
    )
    async for _ in stream:
        break
    await stream.close()
    assert isinstance(tools.engine, LocalEngine)
    workers = tools.engine._pool.workers
    await wait_until(lambda: not any(worker.status.num_running for worker in workers), 30)


async def test_models_are_listed_and_found(tools: TcpEngine) -> None:
    listed = [model.id async for model in tools.openai.models.list()]
    assert listed[0] == "fake"
    assert "bantam-embedded" in listed
    assert (await tools.openai.models.retrieve("fake")).id == "fake"


async def test_an_unknown_model_is_refused_with_the_known_ones(tools: TcpEngine) -> None:
    with pytest.raises(openai.NotFoundError, match="fake, bantam-embedded") as caught:
        await tools.openai.completions.create(model="gpt-9", prompt=PROMPT)
    assert (caught.value.code, caught.value.param) == ("model_not_found", "model")


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("echo", True, ["echo is true", "leave it out or send false"]),
        ("best_of", 4, ["best_of is 4", "send 1"]),
        ("frequency_penalty", 0.5, ["frequency_penalty is 0.5", "send 0"]),
        ("logit_bias", {"1": 5}, ["logit_bias", "leave it out"]),
        ("logprobs", 5, ["logprobs is 5", "<= 1"]),
        ("n", 9, ["n is 9", "<= 8"]),
        ("temperature", -1, ["temperature is -1", ">= 0"]),
        ("prompt", [1, 2], ["prompt is [1, 2]", "send text"]),
        ("prompt", ["a", "b"], ["prompt", "one request for each"]),
        ("stop", ["x"] * 33, ["stop is 33", "32"]),
        ("frobnicate", 1, ["frobnicate is 1", "does not know the field"]),
    ],
)
async def test_what_is_not_supported_is_named_with_value_and_remedy(
    tools: TcpEngine, field: str, value: object, words: list[str]
) -> None:
    body = {"model": "fake", "prompt": PROMPT, field: value}
    with pytest.raises(openai.BadRequestError) as caught:
        await tools.openai.post("/completions", body=body, cast_to=object)
    assert caught.value.param == field
    assert caught.value.type == "invalid_request_error"
    for word in words:
        assert word in caught.value.message


async def test_tools_and_pictures_are_refused(tools: TcpEngine) -> None:
    with pytest.raises(openai.BadRequestError, match="tools is"):
        await tools.openai.chat.completions.create(
            model="fake",
            messages=[{"role": "user", "content": "x"}],
            tools=[{"type": "function", "function": {"name": "f"}}],
        )
    with pytest.raises(openai.BadRequestError, match="read text alone"):
        await tools.openai.chat.completions.create(
            model="fake",
            messages=[
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "data:,"}}],
                }
            ],
        )


async def test_neutral_values_of_what_is_not_supported_are_accepted(tools: TcpEngine) -> None:
    answer = await tools.openai.completions.create(
        model="fake",
        prompt=[PROMPT],
        best_of=1,
        echo=False,
        frequency_penalty=0.0,
        presence_penalty=0,
        logit_bias={},
        user="me",
        temperature=None,
    )
    assert answer.choices[0].text == FAKE_COMPLETION


@pytest.mark.parametrize("model", ["fake:no-infill"])
async def test_a_model_that_cannot_fill_in_says_so(tools: TcpEngine) -> None:
    with pytest.raises(openai.BadRequestError, match="cannot fill in the middle") as caught:
        await tools.openai.completions.create(model="", prompt=PROMPT, suffix="x")
    assert caught.value.code == "cannot_infill"


async def test_a_prompt_that_is_too_long_is_refused_as_openai_does(tools: TcpEngine) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        await tools.openai.completions.create(model="fake", prompt="x" * 100_000)
    assert caught.value.code == "context_length_exceeded"
    with pytest.raises(openai.BadRequestError) as caught:
        await tools.openai.completions.create(model="fake", prompt="x" * 4_000_001, stream=True)
    assert "4000000" in caught.value.message


@pytest.mark.parametrize("model", ["fake:broken"])
async def test_a_model_that_cannot_be_loaded_is_an_error_of_the_server(tools: TcpEngine) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        await tools.openai.completions.create(model="fake:broken", prompt=PROMPT)
    assert caught.value.code == "model_load"

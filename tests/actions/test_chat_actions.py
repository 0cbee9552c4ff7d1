"""Fix, explain, edit as instructed: what the model is told, and what becomes of its answer."""

from __future__ import annotations

from typing import Any

import pytest

from lsp_server.actions.values import Diagnostic, EditResult, TextResult
from lsp_server.engine.api import EndReason
from lsp_server.errors import ActionError, CannotChatError, UsageError
from tests.support.actions import (
    Desk,
    TalkingEngine,
    after,
    names_offered,
    offered,
    query_of,
    turns_in,
)

CHAT = {"has_chat": True}
FUNCTION = "x = 1\n\n\ndef f(a):\n    b = a\n    return ‸c\n\n\ny = 2\n"


def chatty(text: str, **fields: Any) -> Desk:
    return Desk(TalkingEngine(text, info=CHAT, **fields))


async def edited(marked: str, answer: str, **fields: Any) -> str:
    query = query_of(marked, **fields)
    return after(query, await chatty(answer).actor.perform("edit_instructed", query))


async def test_fix_is_offered_for_each_diagnostic_on_the_rows() -> None:
    at = FUNCTION.replace("‸", "").index("c\n")
    near = Diagnostic(at, at + 1, "c is not\ndefined", 7)
    far = Diagnostic(0, 1, "x is unused", 8)
    offers = await offered(query_of(FUNCTION, diagnostics=(far, near)))
    assert [(one.title, one.diagnostic) for one in offers if one.name == "fix_diagnostic"] == [
        ("Fix: c is not defined", near)
    ]
    assert "fix_diagnostic" not in await names_offered(query_of(FUNCTION, diagnostics=(far,)))


async def test_fix_tells_the_problem_and_changes_only_what_changed() -> None:
    at = FUNCTION.replace("‸", "").index("c\n")
    query = query_of(FUNCTION, diagnostics=(Diagnostic(at, at + 1, "c is not defined"),))
    desk = chatty("def f(a):\n    b = a\n    return b\n```\nI replaced c.")
    result = await desk.actor.perform("fix_diagnostic", query)
    assert after(query, result) == FUNCTION.replace("‸c", "b")
    assert isinstance(result, EditResult)
    assert result.start >= FUNCTION.index("    return"), "unchanged rows are not in the edit"
    request = desk.engine.requests[-1]
    assert turns_in(request) == ["system", "user", "assistant"]
    for words in ("return c", "c is not defined", "x = 1", "y = 2", "The file a (python)"):
        assert words in desk.prompt, words
    assert desk.prompt.endswith("```python\n"), "the answer is begun with a fence"
    assert request.stop.texts == ("\n```",)


@pytest.mark.parametrize(
    ("marked", "words"),
    [
        ("# bantam: use a loop\ndef f(a):\n    return a‸\n", "use a loop"),
        ("# bantam: use a‸ loop\ndef f(a):\n    return a\n", "use a loop"),
        ("‸# TODO(me): use a loop\ndef f(a):\n    return a\n‸", "use a loop"),
        ("x = 1\n# fixme: use a loop\n‸y = 2\n‸", "use a loop"),
    ],
)
async def test_edit_is_offered_where_a_comment_asks(marked: str, words: str) -> None:
    [offer] = [one for one in await offered(query_of(marked)) if one.name == "edit_instructed"]
    assert offer.title == f"Edit as instructed: {words}"


@pytest.mark.parametrize(
    "marked",
    ["# uses a loop\ndef f(a):\n    return a‸\n", "x = 1‸\n", "# bantam: use a loop‸\n", "‸\n‸"],
)
async def test_edit_is_not_offered_elsewhere(marked: str) -> None:
    assert "edit_instructed" not in await names_offered(query_of(marked))


async def test_edit_takes_the_comment_away() -> None:
    marked = "x = 1\n# bantam: double it\ndef f(a):\n    return a‸\n"
    assert await edited(marked, "def f(a):\n    return 2 * a\n```") == (
        "x = 1\ndef f(a):\n    return 2 * a\n"
    )
    selected = "x = 1\n‸# bantam: double it\ndef f(a):\n    return a\n‸"
    assert await edited(selected, "def f(a):\n    return 2 * a\n```") == (
        "x = 1\ndef f(a):\n    return 2 * a\n"
    )


async def test_edit_follows_an_instruction_and_keeps_comments() -> None:
    marked = "# TODO: other\ndef f(a):\n    return a‸\n"
    text = await edited(marked, "def f(a):\n    return -a\n```", instruction="negate it")
    assert text == "# TODO: other\ndef f(a):\n    return -a\n"


async def test_edit_of_a_selection_keeps_its_indentation_and_line_endings() -> None:
    marked = "def f(a):\r\n\tif a:\r\n‸\t\treturn 1\r\n‸\treturn 0\r\n"
    answer = "if a > 1:\n    return 2\nreturn 1\n```"
    assert await edited(marked, answer, instruction="two") == (
        "def f(a):\r\n\tif a:\r\n\t\tif a > 1:\r\n\t\t\treturn 2\r\n\t\treturn 1\r\n\treturn 0\r\n"
    )


async def test_edit_that_breaks_the_file_is_refused() -> None:
    with pytest.raises(ActionError, match="does not parse; nothing was changed"):
        await edited("def f(a):\n    return ‸a\n", "def f(a:\n```", instruction="x")


async def test_edit_of_a_broken_file_may_leave_it_as_broken() -> None:
    text = await edited(
        "def g(:\n    pass\n\n\ndef f(a):\n    return ‸a\n",
        "def f(a):\n    return -a\n```",
        instruction="negate",
    )
    assert text.endswith("return -a\n")


async def test_edit_in_a_language_without_grammar() -> None:
    text = await edited("‸one\ntwo\n‸three\n", "TWO\n```", instruction="x", language="plaintext")
    assert text == "TWO\nthree\n"


@pytest.mark.parametrize(
    ("answer", "words"),
    [("def f(a):\n    return a\n```", "change nothing"), ("```", "no code"), ("", "no code")],
)
async def test_edit_that_comes_to_nothing_says_so(answer: str, words: str) -> None:
    with pytest.raises(ActionError, match=words):
        await edited("def f(a):\n    return ‸a\n", answer, instruction="x")


async def test_edit_that_a_limit_cut_is_refused() -> None:
    desk = chatty("def f(a):\n", end_reason=EndReason.LENGTH)
    query = query_of("def f(a):\n    return ‸a\n", instruction="x")
    with pytest.raises(ActionError, match=r"actions\.max_tokens and actions\.max_ms"):
        await desk.actor.perform("edit_instructed", query)


async def test_part_that_is_too_long_is_refused_with_numbers() -> None:
    body = "".join(f"    x{n} = {n}\n" for n in range(400))
    desk = chatty("", context_tokens=2_000)
    query = query_of(f"def f(a):‸\n{body}", instruction="x")
    with pytest.raises(ActionError, match=r"this part has \d+ characters, and .* can take \d+"):
        await desk.actor.perform("edit_instructed", query)
    assert desk.engine.requests == []


async def test_explain_tells_about_the_selection() -> None:
    desk = chatty("It adds.")
    query = query_of("x = 1\n‸y = 2\n‸z = 3\n")
    result = await desk.actor.perform("explain", query)
    assert result == TextResult("It adds.\n")
    assert "to explain:\n\n```python\ny = 2\n```" in desk.prompt
    assert turns_in(desk.engine.requests[-1]) == ["system", "user", "assistant"]


async def test_thoughts_are_not_shown() -> None:
    query = query_of("def f():‸\n    return 1\n")
    result = await chatty("<think>\nHm.\n</think>\n\nOne.").actor.perform("explain", query)
    assert result == TextResult("One.\n")
    with pytest.raises(ActionError, match="nothing to say"):
        await chatty("<think>\nHm.").actor.perform("explain", query)


async def test_explain_needs_something_to_explain() -> None:
    assert await names_offered(query_of("x = 1‸\n")) == []
    with pytest.raises(UsageError, match="it needs a selection"):
        await chatty("").actor.perform("explain", query_of("x = 1‸\n"))


async def test_explain_nothing_is_an_error() -> None:
    with pytest.raises(ActionError, match="nothing to say"):
        await chatty(" \n").actor.perform("explain", query_of("def f():‸\n    return 1\n"))


@pytest.mark.parametrize("name", ["explain", "edit_instructed", "fix_diagnostic"])
async def test_base_model_is_refused_with_the_reason(name: str) -> None:
    desk = Desk(TalkingEngine("", info={"chat_reason": "It is a base model."}))
    query = query_of(FUNCTION, instruction="x", diagnostics=(Diagnostic(0, 40, "m"),))
    with pytest.raises(CannotChatError, match=r"It is a base model\. Choose an instruct model"):
        await desk.actor.perform(name, query)


async def test_fence_is_longer_than_those_in_the_document() -> None:
    marked = 'def f(a):\n    """\n    ```\n    x\n    ```\n    """\n    return ‸a\n'
    desk = chatty("def f(a):\n    return -a\n````")
    query = query_of(marked, instruction="negate")
    assert after(query, await desk.actor.perform("edit_instructed", query)) == (
        "def f(a):\n    return -a\n"
    )
    assert desk.prompt.endswith("````python\n")

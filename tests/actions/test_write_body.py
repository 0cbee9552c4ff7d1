"""Writing a body: where it is offered, where it goes, where it ends."""

from __future__ import annotations

import pytest

from lsp_server.engine.api import EndReason, Priority
from lsp_server.errors import ActionError, CannotInfillError, UsageError
from tests.support.actions import Desk, TalkingEngine, after, names_offered, query_of, turns_in


async def check(marked: str, written: str, expected: str, language: str = "python") -> Desk:
    """Check the document after the body was written."""
    desk = Desk(TalkingEngine(written))
    query = query_of(marked, language)
    assert after(query, await desk.actor.perform("write_body", query)) == expected
    return desk


@pytest.mark.parametrize(
    "marked",
    [
        "def f(x):\n    pa‸ss\n",
        "def f(x):‸\n    ...\n",
        "def f(x):\n    '''Do it.'''\n    ‸\n",
        "def f(x):\n    raise NotImplementedError('later')‸\n",
        "def f(x):‸\n",
        "def f(x):\n    ‸\n\nx = 1\n",
        "def f(x): ‸pass\n",
        "class A:‸\n    pass\n",
        "class A:\n    def f(self):‸\n\n    def g(self):\n        return 1\n",
    ],
)
async def test_offered_where_a_body_is_missing(marked: str) -> None:
    assert "write_body" in await names_offered(query_of(marked))


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ("def f(x):\n    return x‸\n", "python"),
        ("x = 1‸\n", "python"),
        ("‸", "python"),
        ("def f(x):\n    pass\n\n‸\nx = 1\n", "python"),
        ("function f() {\n  return 1;‸\n}\n", "javascript"),
        ("interface A {\n  f(): void;‸\n}\n", "typescript"),
        ("def f(x):\n    pa‸ss\n", "plaintext"),
    ],
)
async def test_not_offered_elsewhere(marked: str, language: str) -> None:
    query = query_of(marked, language)
    assert "write_body" not in await names_offered(query)
    with pytest.raises(UsageError, match="write_body cannot be done at this place"):
        await Desk(TalkingEngine("return 1")).actor.perform("write_body", query)


async def test_body_takes_the_place_of_a_placeholder_and_ends_at_an_outdent() -> None:
    desk = await check(
        "def f(x):\n    '''Do it.'''\n    pa‸ss\n\n\nz = 3\n",
        "y = x\n    if y:\n        return y\n    return 0\n\ndef other():\n    pass\n",
        "def f(x):\n    '''Do it.'''\n    y = x\n    if y:\n        return y\n    return 0\n"
        "\n\nz = 3\n",
    )
    request = desk.engine.requests[-1]
    assert request.priority is Priority.ACTION
    assert (request.limits.max_tokens, request.limits.max_ms) == (512, 60_000)
    assert desk.engine.num_open == 0


async def test_body_goes_below_a_header_alone() -> None:
    await check("def f(x):‸\n", "return x\n", "def f(x):\n    return x\n")
    await check("def f(x):\n    ‸\n\nx = 1\n", "return x\n", "def f(x):\n    return x\n\nx = 1\n")
    await check(
        "def f(x):‸  # fast\n    # by a table\n\nx = 1\n",
        "return x\n",
        "def f(x):  # fast\n    # by a table\n    return x\n\nx = 1\n",
    )
    await check("def f(x): pa‸ss\n", "return x\n", "def f(x):\n    return x\n")


async def test_body_goes_behind_a_docstring() -> None:
    await check(
        "def f(x):\n    '''Do it.'''‸\n",
        "return x\n",
        "def f(x):\n    '''Do it.'''\n    return x\n",
    )


@pytest.mark.parametrize(
    ("language", "marked", "written", "expected"),
    [
        (
            "typescript",
            "class A {\n  add(a: number) {‸\n  }\n}\n",
            "const b = { a };\n    return b.a;\n  }\n\n  other() {",
            "class A {\n  add(a: number) {\n    const b = { a };\n    return b.a;\n  }\n}\n",
        ),
        (
            "javascript",
            "export const f = (a) => {‸};\n",
            "return a;\n};\n",
            "export const f = (a) => {\n  return a;\n};\n",
        ),
        (
            "go",
            "package m\n\nfunc F(a int) int {\n\t// twice\n‸}\n",
            "return 2 * a\n}\n\nfunc G() {\n",
            "package m\n\nfunc F(a int) int {\n\t// twice\n\treturn 2 * a\n}\n",
        ),
        (
            "rust",
            "impl A {\n    fn f(&self) -> i32 {\n        tod‸o!()\n    }\n}\n",
            "self.x\n    }\n}\n",
            "impl A {\n    fn f(&self) -> i32 {\n        self.x\n    }\n}\n",
        ),
        (
            "java",
            "class A {\n    int f() {\n        throw ‸new Error();\n    }\n}\n",
            "return 1;\n    }\n",
            "class A {\n    int f() {\n        return 1;\n    }\n}\n",
        ),
    ],
)
async def test_body_in_braces_ends_with_them(
    language: str, marked: str, written: str, expected: str
) -> None:
    await check(marked, written, expected, language)


async def test_indentation_and_line_endings_are_the_documents() -> None:
    await check(
        "class A:\r\n\tdef f(self):\r\n\t\tpa‸ss\r\n\r\n\tx = 1\r\n",
        "y = 1\n\t\treturn y\n",
        "class A:\r\n\tdef f(self):\r\n\t\ty = 1\r\n\t\treturn y\r\n\r\n\tx = 1\r\n",
    )


async def test_what_does_not_parse_is_left_out() -> None:
    await check("def f(x):\n    pa‸ss\n", "y = x\n    return (y\n", "def f(x):\n    y = x\n")
    await check("def f(x):\n    pa‸ss\n", "y = x\n    if y:\n", "def f(x):\n    y = x\n")


async def test_row_that_a_limit_cut_is_left_out() -> None:
    engine = TalkingEngine("y = x\n    return y + tot", end_reason=EndReason.LENGTH)
    query = query_of("def f(x):\n    pa‸ss\n")
    result = await Desk(engine).actor.perform("write_body", query)
    assert after(query, result) == "def f(x):\n    y = x\n"


@pytest.mark.parametrize("written", ["", "\n\n", "return (", "if x:\n"])
async def test_nothing_usable_is_an_error_that_says_what_to_do(written: str) -> None:
    with pytest.raises(ActionError, match=r"nothing was changed: .*model\.name"):
        await Desk(TalkingEngine(written)).actor.perform(
            "write_body", query_of("def f(x):\n    pa‸ss\n")
        )


async def test_model_that_cannot_infill_is_refused_and_then_disabled() -> None:
    desk = Desk(TalkingEngine("return 1", fim_format=None))
    query = query_of("def f(x):\n    pa‸ss\n")
    assert not (await desk.actor.offers(query))[0].disabled
    with pytest.raises(CannotInfillError, match="the test said so"):
        await desk.actor.perform("write_body", query)
    assert "the test said so" in (await desk.actor.offers(query))[0].disabled


async def test_model_that_only_chats_writes_through_its_template() -> None:
    engine = TalkingEngine("return x\n```\nDone.", info={"has_chat": True}, fim_format=None)
    desk = Desk(engine)
    query = query_of("def f(x):\n    pa‸ss\n")
    result = await desk.actor.perform("write_body", query)
    assert after(query, result) == "def f(x):\n    return x\n"
    assert turns_in(engine.requests[-1])[-1] == "assistant"
    assert not (await desk.actor.offers(query))[0].disabled


async def test_model_sees_the_document_around_the_gap() -> None:
    desk = await check(
        "import math\n\ndef f(x):\n    pa‸ss\n\nend = 1\n",
        "return x\n",
        "import math\n\ndef f(x):\n    return x\n\nend = 1\n",
    )
    assert desk.prompt.startswith("# a\nimport math\n\ndef f(x):\n")
    assert "end = 1" in desk.prompt
    assert "pass" not in desk.prompt

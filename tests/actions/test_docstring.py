"""Writing documentation: where it is offered, and what it looks like in each language."""

from __future__ import annotations

from typing import Any

import pytest

from lsp_server.engine.api import EndReason
from lsp_server.errors import ActionError
from tests.support.actions import Desk, TalkingEngine, after, names_offered, query_of


async def documented(marked: str, written: str, language: str = "python", **engine: Any) -> str:
    query = query_of(marked, language)
    desk = Desk(TalkingEngine(written, **engine))
    return after(query, await desk.actor.perform("docstring", query))


@pytest.mark.parametrize(
    ("marked", "language"),
    [
        ('def f(x):\n    """Do it."""\n    return x‸\n', "python"),
        ("def f(x): return x‸\n", "python"),
        ("def f(x):‸\n", "python"),
        ("x = 1‸\n", "python"),
        ("/** Adds. */\nfunction f() {‸\n}\n", "javascript"),
        ("// F adds.\nfunc F() {‸\n}\n", "go"),
        ("/// Adds.\n#[inline]\nfn f() {‸\n}\n", "rust"),
    ],
)
async def test_not_offered_where_there_is_one_or_no_place(marked: str, language: str) -> None:
    assert "docstring" not in await names_offered(query_of(marked, language))


async def test_a_comment_further_up_is_no_documentation() -> None:
    query = query_of("// license\n\nfunc F() {‸\n}\n", "go")
    assert "docstring" in await names_offered(query)


async def test_docstring_of_one_row() -> None:
    text = await documented("def f(x):\n    return x‸\n", 'Return x."""\n    return')
    assert text == 'def f(x):\n    """Return x."""\n    return x\n'


async def test_docstring_of_several_rows_closes_on_its_own() -> None:
    text = await documented(
        "class A:\r\n    def f(self,\r\n          x):  # c\r\n        return x‸\r\n",
        'Return x.\n\n        More."""',
    )
    assert text == (
        "class A:\r\n    def f(self,\r\n          x):  # c\r\n"
        '        """Return x.\r\n\r\n        More.\r\n        """\r\n        return x\r\n'
    )


@pytest.mark.parametrize(
    ("language", "marked", "written", "expected"),
    [
        (
            "typescript",
            "export class A {\n  add() {‸\n  }\n}\n",
            "Adds. */",
            "export class A {\n  /** Adds. */\n  add() {\n  }\n}\n",
        ),
        (
            "typescript",
            "export function f(a) {‸\n}\n",
            "Adds.\n * @param a it\n */",
            "/** Adds.\n * @param a it\n */\nexport function f(a) {\n}\n",
        ),
        (
            "java",
            "class A {\n  @Override\n  int f() {‸\n    return 1;\n  }\n}\n",
            "Returns one. */",
            "class A {\n  /** Returns one. */\n  @Override\n  int f() {\n    return 1;\n  }\n}\n",
        ),
        (
            "go",
            "package m\n\nfunc Add(a int) int {‸\n\treturn a\n}\n",
            "returns a.",
            "package m\n\n// Add returns a.\nfunc Add(a int) int {\n\treturn a\n}\n",
        ),
        (
            "rust",
            "#[inline]\nfn f() {‸\n}\n",
            "Does it.",
            "/// Does it.\n#[inline]\nfn f() {\n}\n",
        ),
    ],
)
async def test_other_languages(language: str, marked: str, written: str, expected: str) -> None:
    assert await documented(marked, written, language) == expected


async def test_decorated_function_is_documented_inside() -> None:
    text = await documented("@cache\ndef f(x):\n    return x‸\n", 'Return x."""')
    assert text == '@cache\ndef f(x):\n    """Return x."""\n    return x\n'


async def test_quotes_at_the_end_do_not_join_the_closing_ones() -> None:
    text = await documented("def f(x):\n    return x‸\n", "Return x\\")
    assert text == 'def f(x):\n    """Return x"""\n    return x\n'


async def test_rows_that_a_limit_cut_are_left_out() -> None:
    text = await documented(
        "def f(x):\n    return x‸\n",
        "Return x.\n\n    Args:\n        x: the",
        end_reason=EndReason.LENGTH,
    )
    assert text == 'def f(x):\n    """Return x.\n\n    Args:\n    """\n    return x\n'


@pytest.mark.parametrize("written", ["", "   ", '"""'])
async def test_no_documentation_is_an_error(written: str) -> None:
    with pytest.raises(ActionError, match="nothing was changed"):
        await documented("def f(x):\n    return x‸\n", written)

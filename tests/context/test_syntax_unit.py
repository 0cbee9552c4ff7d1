from __future__ import annotations

import pytest

from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.syntax import ParsedText, parse
from lsp_server.context.syntax_unit import breaks_parse, cut_at_syntactic_unit, is_block_opening
from tests.support.documents import unmark


def open_document(language_id: str, marked: str) -> tuple[ParsedText, int]:
    language = language_of_id(language_id)
    assert language is not None
    document = unmark(marked)
    return parse(document.text, language), document.cursor


BLOCKS = [
    ("python", "def f():‸"),
    ("python", "def f():  # why\n    ‸"),
    ("python", "class A:\n\n    ‸\n\n\nx = 1\n"),
    ("python", "if x:\n    a = 1\nelse:\n    ‸\nb = 2\n"),
    ("python", "async def f(a, b):\n    ‸"),
    ("javascript", "function f() {‸}"),
    ("javascript", "function f() {\n  ‸\n}\n"),
    ("javascript", "items.map((item) => {‸})"),
    ("typescript", "class A {\n  f(): void {\n    ‸\n  }\n}\n"),
    ("go", "package a\nfunc f() {\n\t‸\n}\n"),
    ("rust", "fn f() -> i32 {\n    ‸\n}\n"),
    ("java", "class A {\n    void f() throws E {\n        ‸\n    }\n}\n"),
]

NO_BLOCKS = [
    ("python", "x = ‸"),
    ("python", "def f():\n    ‸\n    return 1\n"),
    ("python", "d = {'a':‸}"),
    ("python", "f(lambda x:‸)"),
    ("python", "x:‸"),
    ("python", '"""if x:‸"""'),
    ("python", "# if x:‸"),
    ("python", "‸"),
    ("javascript", "function f() {‸\n  return 1;\n}\n"),
    ("javascript", "f({‸})"),
    ("javascript", "const a = {‸}"),
    ("javascript", "return {‸}"),
    ("javascript", "// if (x) {‸"),
]


@pytest.mark.parametrize(("language_id", "marked"), BLOCKS)
def test_block_opens(language_id: str, marked: str) -> None:
    assert is_block_opening(*open_document(language_id, marked))


@pytest.mark.parametrize(("language_id", "marked"), NO_BLOCKS)
def test_no_block_opens(language_id: str, marked: str) -> None:
    assert not is_block_opening(*open_document(language_id, marked))


#: Language, document, what is kept, what is cut off.
CUTS = [
    ("python", "def f():‸", "\n    a = 1\n    return a", "\n\nprint(f())"),
    ("python", "def f():\n    ‸", "return 1", "\n\ndef g():\n    return 2"),
    ("python", "def f():\n    ‸\n\nx = 1\n", "a = 1\n    return a", "\n\n\ny = 2"),
    ("python", "class A:\n    ‸", "x = 1\n\n    def f(self): ...", "\n\nb = A()"),
    ("javascript", "function f() {\n  ‸\n}\n", "a();\n  b();", ""),
    ("python", "x = ‸", "foo(\n    1,\n)", "\ny = 2"),
    ("python", "    x = ‸", "1", "\n    y = 2"),
    ("python", "‸", "# Adds.\ndef f(a, b):\n    return a + b", "\n\nprint(1)"),
    ("python", "def f():\n    if a:\n        b()\n        ‸\n", "b()", "\n        c()"),
    ("python", "é = '😀' + ‸", "(\n    1)", "\nb = 2"),
    ("javascript", "function f() {‸}", "\n  a();\n  b();\n", ""),
    ("javascript", "function f() {\n  x();\n  ‸\n}\n", "if (a) {\n    b();\n  }", "\n  c();"),
    ("javascript", "function f() {\n  if (a) {\n  } else {‸\n}\n", "\n    b();\n  }", "\n  c();"),
    ("typescript", "const f = ‸", "(a: string) => {\n  return a;\n};", "\nf('');"),
    ("go", "package a\nfunc f() {\n\ta()\n\t‸\n}\n", "x := 1", "\n\ty := 2"),
    ("rust", "fn f() {\n    let x = ‸\n}\n", "match a {\n        _ => 1,\n    };", "\n    b();"),
    (
        "java",
        "class A {\n  void f() {\n    a();\n    ‸\n  }\n}\n",
        "int a = 1;",
        "\n    int b = 2;",
    ),
]


@pytest.mark.parametrize(("language_id", "marked", "kept", "cut"), CUTS)
def test_suggestion_ends_with_its_unit(language_id: str, marked: str, kept: str, cut: str) -> None:
    document, cursor = open_document(language_id, marked)
    assert cut_at_syntactic_unit(document, cursor, kept + cut) == kept


def test_windows_line_ends_are_kept_in_a_cut() -> None:
    document, cursor = open_document("python", "def f():‸\r\n")
    suggestion = "\r\n    return 1\r\n\r\nprint(1)"
    assert cut_at_syntactic_unit(document, cursor, suggestion).rstrip() == "\r\n    return 1"


def test_suggestion_of_one_row_stays_as_it_is() -> None:
    document, cursor = open_document("python", "x = ‸")
    assert cut_at_syntactic_unit(document, cursor, "1; y = 2") == "1; y = 2"


def test_suggestion_without_a_clear_end_stays_as_it_is() -> None:
    document, cursor = open_document("python", "x = ‸")
    suggestion = "1 +\n) def ((\nreturn"
    assert cut_at_syntactic_unit(document, cursor, suggestion) == suggestion


BREAKING = [
    ("python", "f(‸)", "a))"),
    ("python", "x = 1\n‸\n", "def ("),
    ("javascript", "function f() { ‸ }", "}"),
    ("go", "package a\nfunc f() {\n\t‸\n}\n", "x := := 1"),
]

NOT_BREAKING = [
    ("python", "f(‸)", "a, [1]"),
    ("python", "x = 1\n‸\n", "def f():"),
    ("python", "x = 1\n‸\n", "y = foo("),
    ("javascript", "function f() { ‸ }", "if (a) {"),
    ("python", "def broken(\n‸", "((("),
]


@pytest.mark.parametrize(("language_id", "marked", "suggestion"), BREAKING)
def test_suggestion_breaks_what_parsed(language_id: str, marked: str, suggestion: str) -> None:
    document, cursor = open_document(language_id, marked)
    assert breaks_parse(document, cursor, suggestion)


@pytest.mark.parametrize(("language_id", "marked", "suggestion"), NOT_BREAKING)
def test_suggestion_breaks_nothing(language_id: str, marked: str, suggestion: str) -> None:
    document, cursor = open_document(language_id, marked)
    assert not breaks_parse(document, cursor, suggestion)


def test_characters_that_a_suggestion_replaces_do_not_count() -> None:
    document, cursor = open_document("python", "f(‸)")
    assert breaks_parse(document, cursor, "a)")
    assert not breaks_parse(document, cursor, "a)", replaced_chars=1)

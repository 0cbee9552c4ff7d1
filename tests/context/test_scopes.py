from __future__ import annotations

import pytest

from lsp_server.context.definitions import find
from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.scopes import (
    enclosing_scopes,
    find_bindings,
    scopes_of,
    visible_bindings,
)
from lsp_server.context.syntax import parse
from tests.support.documents import unmark


def check(
    language_id: str, marked: str, *, scopes: str = "", bindings: dict[str, str] | None = None
) -> None:
    """Compare the names of scopes and `type=value` of bindings at the cursor mark."""
    document = unmark(marked)
    language = language_of_id(language_id)
    assert language is not None
    parsed = parse(document.text, language)
    byte = parsed.source.byte_of(document.cursor)
    found = scopes_of(parsed, find(parsed))
    around = enclosing_scopes(parsed, found, byte)
    assert ".".join(scope.name for scope in around) == scopes
    visible = visible_bindings(find_bindings(parsed, 0, byte), found, around, byte)
    assert {one.name: f"{one.type_text}={one.value_text}" for one in visible.values()} == (
        bindings or {}
    )


def test_python_scope_reaches_over_blank_rows_as_far_as_it_is_indented() -> None:
    check(
        "python",
        "class A:\n    def f(self, a: int, b: 'B' = 1):\n        c = D()\n        ‸\n\n\nx = 1\n",
        scopes="A.f",
        bindings={"a": "int=", "b": "'B'=", "c": "=D()"},
    )


def test_python_row_of_the_class_is_outside_of_the_method_before_it() -> None:
    check("python", "class A:\n    def f(self):\n        pass\n    ‸\n", scopes="A")


def test_python_nearest_binding_wins_and_other_functions_do_not_count() -> None:
    check(
        "python",
        "def f():\n    x = A()\n\ndef g():\n    x = B()\n    with C() as y:\n        ‸pass\n",
        scopes="g",
        bindings={"x": "=B()", "y": "=C()"},
    )


def test_go_method_knows_its_receiver() -> None:
    check(
        "go",
        "package a\nfunc (s *Store) Put(n Name) {\n\tx := &Box{}\n\ty := N(1)\n\tvar z Q\n\t‸\n}\n",
        scopes="Put",
        bindings={"s": "*Store=", "n": "Name=", "x": "Box=", "y": "=N(1)", "z": "Q="},
    )


def test_typescript_parameters_and_constants() -> None:
    check(
        "typescript",
        "class A { f(a: B, c?: D) { const e = new F(); let g: H = i(); ‸ } }",
        scopes="A.f",
        bindings={"a": "B=", "c": "D=", "e": "=new F()", "g": "H="},
    )


def test_rust_lets_and_parameters() -> None:
    check(
        "rust",
        "impl A { fn f(&self, a: &B) { let c = D::new(1); let mut e = F { x: 1 }; ‸ } }",
        scopes="A.f",
        bindings={"a": "&B=", "c": "=D::new(1)", "e": "F="},
    )


def test_java_locals_and_var() -> None:
    check(
        "java",
        "class A { void f(B b) { C c = d(); var e = new F(); for (G g : gs) { ‸ } } }",
        scopes="A.f",
        bindings={"b": "B=", "c": "C=", "e": "=new F()", "g": "G="},
    )


@pytest.mark.parametrize("marked", ["def f(a: B\n    ‸", "class A\n  def ‸", "‸", "x = (((‸"])
def test_broken_python_never_fails(marked: str) -> None:
    document = unmark(marked)
    language = language_of_id("python")
    assert language is not None
    parsed = parse(document.text, language)
    enclosing_scopes(parsed, scopes_of(parsed, find(parsed)), document.cursor)

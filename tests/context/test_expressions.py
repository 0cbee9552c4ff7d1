from __future__ import annotations

import pytest

from lsp_server.context.expressions import Receiver, links_of, receiver_before, type_names

ACCESSES = (".", "?.", "::")


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("store.", Receiver("store", "")),
        ("    return store.pu", Receiver("store", "pu")),
        ("f(self.store.", Receiver("self.store", "")),
        ("if (await open('a.b', [1]).fi", Receiver("open('a.b', [1])", "fi")),
        ("x = Store::", Receiver("Store", "")),
        ("store?.", Receiver("store", "")),
        ("a.b[0].", Receiver("a.b[0]", "")),
        ("store", None),
        ("1 + .", None),
        ("", None),
    ],
)
def test_receiver_is_the_expression_before_the_access(head: str, expected: Receiver | None) -> None:
    assert receiver_before(head, ACCESSES) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("self.store", "self store"),
        ("open('a.b', f(1)).items[0].name", "open() items name"),
        ("await new Store(1)", "Store()"),
        ("&mut store::Store::new(x)?", "store Store new()"),
        ("a + b", ""),
        ("(a)", ""),
        ("", ""),
    ],
)
def test_links_are_the_names_of_a_chain(expression: str, expected: str) -> None:
    links = links_of(expression, ACCESSES)
    assert " ".join(link.name + "()" * link.is_called for link in links) == expected


@pytest.mark.parametrize(
    ("type_text", "expected"),
    [
        ("Optional[a.Store]", ("Optional", "a.Store")),
        ("*store.Store", ("store.Store",)),
        ("&mut crate::Store<T>", ("mut", "crate::Store", "T")),
        ("'Store' | None", ("Store", "None")),
    ],
)
def test_type_names_come_outermost_first(type_text: str, expected: tuple[str, ...]) -> None:
    assert type_names(type_text) == expected

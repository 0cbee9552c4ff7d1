"""The set of blocks while a person types."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.context.gather import Gatherer
from lsp_server.context.keeper import ContextKeeper
from lsp_server.context.query import Block, ContextQuery
from tests.support.documents import unmark

FixtureRoot = Callable[[str], Path]


class Typist:
    """Asks for context after each change of one or more documents."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.keeper = ContextKeeper(Gatherer([root]))

    def ask(self, marked: str, path: str = "app.py", budget_tokens: int = 600) -> list[Block]:
        document = unmark(marked)
        query = ContextQuery(
            self.root / path, document.text, document.cursor, budget_tokens, deadline_ms=60_000.0
        )
        return list(self.keeper.blocks(query))


@pytest.fixture
def typist(fixture_root: Callable[[str], Path], tmp_path: Path) -> Typist:
    root = tmp_path.resolve() / "python"
    shutil.copytree(fixture_root("python"), root)
    return Typist(root)


IMPORTS = "from shop.money import parse_price\nfrom shop.store import Store\n\n"


def test_blocks_stay_while_a_row_is_typed(typist: Typist) -> None:
    row = "price = parse_price(name, 'EUR')"
    seen = [typist.ask(IMPORTS + row[:length] + "‸\n") for length in range(len(row))]
    assert all(blocks == seen[0] for blocks in seen)


def test_typing_a_member_keeps_what_the_dot_brought(typist: Typist) -> None:
    head = IMPORTS + "def f(store: Store):\n    store."
    after_dot = typist.ask(head + "‸\n")
    assert typist.ask(head + "pr‸\n") == after_dot
    assert typist.ask(head + "price_of(name)‸\n") == after_dot


def test_new_row_only_appends(typist: Typist) -> None:
    before = typist.ask(IMPORTS + "price = parse_price('1')‸\n")
    after = typist.ask(IMPORTS + "price = parse_price('1')\nunheard_of_anywhere_else(‸\n")
    assert after[: len(before)] == before
    assert [block.text for block in after[len(before) :]] == [
        "def unheard_of_anywhere_else(times: int) -> int:"
    ]


def test_blocks_of_rows_left_behind_stay(typist: Typist) -> None:
    before = typist.ask("unheard_of_anywhere_else(1)‸\n")
    after = typist.ask("unheard_of_anywhere_else(1)\n\n‸\n")
    assert before
    assert after == before


def test_jump_makes_a_new_set(typist: Typist) -> None:
    rows = "\n" * 90
    typist.ask("unheard_of_anywhere_else(1)‸" + rows)
    assert typist.ask("unheard_of_anywhere_else(1)" + rows + "x = 1‸\n") == []


def test_new_import_makes_a_new_set(typist: Typist) -> None:
    typist.ask("unheard_of_anywhere_else(1)\n‸\n")
    after = typist.ask("from shop.money import Money\n‸\n")
    assert {block.path for block in after} == {"shop/money.py"}


def test_other_document_makes_a_new_set(typist: Typist) -> None:
    typist.ask("unheard_of_anywhere_else(1)\n‸\n", path="a.py")
    assert typist.ask("x = 1\n‸\n", path="b.py") == []
    assert typist.ask("x = 2\n‸\n", path="a.py") == []


def test_saved_file_is_seen_after_its_save(typist: Typist) -> None:
    marked = IMPORTS + "parse_price(‸\n"
    typist.ask(marked)
    money = typist.root / "shop/money.py"
    money.write_text("def parse_price(text, changed): ...\n", encoding="utf-8")
    assert "changed" not in str(typist.ask(marked))
    typist.keeper.saved(money)
    assert "changed" in str(typist.ask(marked))


def test_new_file_is_found_after_its_save(typist: Typist) -> None:
    marked = "from shop.fresh import brand_new\n\nbrand_new(‸\n"
    assert "def brand_new" not in str(typist.ask(marked))
    fresh = typist.root / "shop/fresh.py"
    fresh.write_text("def brand_new(size: int): ...\n", encoding="utf-8")
    typist.keeper.saved(fresh)
    assert "def brand_new" in str(typist.ask(marked))


def test_set_is_made_anew_when_what_is_new_has_no_room(typist: Typist) -> None:
    document = "from shop.text import labels\nfrom shop.store import Store\n\n"
    before = typist.ask(document + "labels.‸\n", budget_tokens=40)
    after = typist.ask(document + "labels.x\nStore('a').pri‸\n", budget_tokens=40)
    assert before
    assert after != before
    assert all(block not in after for block in before)


def test_set_that_was_made_in_a_hurry_grows_on_the_same_row(fixture_root: FixtureRoot) -> None:
    ticks = iter(range(1_000_000))
    gatherer = Gatherer([fixture_root("python")], clock=lambda: float(next(ticks)))
    keeper = ContextKeeper(gatherer)
    document = unmark(IMPORTS + "def f(store: Store):\n    store.‸\n")
    query = ContextQuery(
        fixture_root("python") / "app.py", document.text, document.cursor, 600, deadline_ms=4_000
    )
    first = keeper.blocks(query)
    patient = replace(query, deadline_ms=10_000_000.0)
    assert len(keeper.blocks(patient)) > len(first)

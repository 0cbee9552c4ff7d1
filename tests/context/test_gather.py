"""The whole chain on small projects, one per language, with targets listed by hand."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.context.languages.registry import LanguageFacts, language_of_id
from lsp_server.context.render import render
from lsp_server.context.syntax import parse
from tests.context.conftest import GatherAt
from tests.support.documents import unmark

AFTER_THE_DOT = {
    "python": (
        "app.py",
        "from shop import Store\n\n\ndef sell(store: Store, name):\n    return store.‸\n",
        [
            "    async def price_of(self, name: str) -> Money:",
            "        price: Money,\n    ) -> None:",
        ],
    ),
    "typescript": (
        "src/app.ts",
        'import Store, { openStore } from "./store";\n\n'
        'function main() {\n  const store = openStore("x");\n  if (store.‸\n}\n',
        [
            "  putGoods(name: string, price: Money): void",
            "  async priceOf(name: string): Promise<Money>",
        ],
    ),
    "javascript": (
        "app.js",
        'const { Store } = require("./lib/store");\n\n'
        "function main() {\n  const store = new Store(1);\n  store.p‸\n}\n",
        ["  putGoods(name, price)", "  constructor(folder, limit = 10)"],
    ),
    "go": (
        "main.go",
        'package main\n\nimport "example.com/shop/store"\n\n'
        'func main() {\n\ts := store.New("x")\n\ts.‸\n}\n',
        [
            "func (s *Store) PutGoods(name string, price money.Money) error",
            "func (s *Store) PriceOf(name string) (money.Money, bool)",
        ],
    ),
    "rust": (
        "src/main.rs",
        "use corner_shop::store::Store;\n\n"
        'fn main() {\n    let mut store = Store::new("x");\n    store.‸\n}\n',
        ["    pub fn put_goods(&mut self, name: &str, price: Money)", "    pub folder: String"],
    ),
    "java": (
        "src/main/java/com/acme/shop/App.java",
        "package com.acme.shop;\n\nclass App {\n  void main(Store store) {\n    store.‸\n  }\n}\n",
        [
            "    public void putGoods(String name, Money price)",
            "    public Money priceOf(String name) throws NoGoodsException",
            "    public void close()",
        ],
    ),
}

SEEN_NAMES = {
    "python": (
        "app.py",
        "from shop.money import parse_price as read\n\nprice = read(‸\n",
        ['def parse_price(text: str, currency: str = "EUR") -> Money:'],
    ),
    "typescript": (
        "src/app.ts",
        'import { parsePrice } from "./money";\nimport { Clerk } from "./store";\n\n'
        'const clerk = new Clerk("a");\nparsePrice(‸\n',
        [
            "export const parsePrice = (text: string, currency: Currency): Money =>",
            "  constructor(private name: string)",
        ],
    ),
    "javascript": (
        "app.mjs",
        'import { parsePrice } from "./lib/money.js";\n\nparsePrice(‸\n',
        ["export const parsePrice = (text, currency) =>"],
    ),
    "go": (
        "store/shelves.go",
        "package store\n\nfunc fill(shelf Shelf) {\n\ts := New(‸\n}\n",
        [
            "func New(folder string) *Store",
            "	Put(name string, price money.Money) error",
        ],
    ),
    "rust": (
        "src/store/till.rs",
        "use crate::money::{parse_price, Currency};\n\nfn f() {\n    parse_price(‸\n}\n",
        [
            "pub fn parse_price(text: &str, currency: Currency) -> Option<Money>",
            "    Euro",
        ],
    ),
    "java": (
        "src/test/java/com/acme/shop/StoreTest.java",
        "package com.acme.shop;\n\nimport com.acme.money.Money;\n\n"
        "class StoreTest {\n  void test() {\n    new Store(‸);\n    Money money;\n  }\n}\n",
        ["    public Store(String folder)", "public record Money(long cents, String currency)"],
    ),
}


@pytest.mark.parametrize("language", AFTER_THE_DOT)
def test_members_of_the_receiver_stand_next_to_the_document(
    language: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, expected = AFTER_THE_DOT[language]
    blocks = gather_at(fixture_root(language), path, marked)
    text = render(blocks)
    assert [header for header in expected if header not in text] == []
    last = max(block.score for block in blocks if block.path == blocks[-1].path)
    assert last == max(block.score for block in blocks)


@pytest.mark.parametrize("language", SEEN_NAMES)
def test_definitions_of_names_near_the_cursor_are_shown(
    language: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, expected = SEEN_NAMES[language]
    text = render(gather_at(fixture_root(language), path, marked))
    assert [header for header in expected if header not in text] == []


@pytest.mark.parametrize("language", AFTER_THE_DOT)
@pytest.mark.parametrize("budget_tokens", [1, 20, 60, 200])
def test_text_of_all_blocks_stays_within_the_budget(
    language: str,
    budget_tokens: int,
    gather_at: GatherAt,
    fixture_root: Callable[[str], Path],
) -> None:
    path, marked, _ = AFTER_THE_DOT[language]
    blocks = gather_at(fixture_root(language), path, marked, budget_tokens=budget_tokens)
    assert len(render(blocks)) / 3.2 <= budget_tokens


@pytest.mark.parametrize("language", AFTER_THE_DOT)
def test_blocks_quote_the_lines_that_they_name(
    language: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, _ = AFTER_THE_DOT[language]
    for block in gather_at(fixture_root(language), path, marked):
        lines = (fixture_root(language) / block.path).read_text("utf-8").split("\n")
        quoted = lines[block.start_line - 1 : block.end_line]
        shown = block.text.split("\n")
        assert quoted[0].startswith(shown[0])
        assert quoted[-1].startswith(shown[-1])
        assert all(any(line.startswith(row) for line in quoted) for row in shown)


@pytest.mark.parametrize("language", AFTER_THE_DOT)
def test_same_input_gives_the_same_blocks(
    language: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, _ = AFTER_THE_DOT[language]
    first = gather_at(fixture_root(language), path, marked)
    assert gather_at(fixture_root(language), path, marked) == first


@pytest.mark.parametrize("language", AFTER_THE_DOT)
def test_a_tree_that_the_caller_has_changes_nothing(
    language: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, _ = AFTER_THE_DOT[language]
    parsed = parse(unmark(marked).text, found_language(language_of_id(language)))
    own = gather_at(fixture_root(language), path, marked)
    assert own
    assert gather_at(fixture_root(language), path, marked, syntax=parsed) == own


def test_a_tree_of_another_language_is_not_used(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    path, marked, _ = AFTER_THE_DOT["python"]
    parsed = parse(unmark(marked).text, found_language(language_of_id("go")))
    own = gather_at(fixture_root("python"), path, marked)
    assert gather_at(fixture_root("python"), path, marked, syntax=parsed) == own


def found_language(language: LanguageFacts | None) -> LanguageFacts:
    assert language is not None
    return language


@pytest.mark.parametrize("language", AFTER_THE_DOT)
def test_windows_line_ends_change_nothing(
    language: str,
    gather_at: GatherAt,
    fixture_root: Callable[[str], Path],
    tmp_path: Path,
) -> None:
    root = tmp_path / language
    shutil.copytree(fixture_root(language), root)
    for file in root.rglob("*.*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    path, marked, _ = AFTER_THE_DOT[language]
    assert gather_at(root, path, marked.replace("\n", "\r\n")) == gather_at(
        fixture_root(language), path, marked
    )


PYTHON_RECEIVERS = [
    "from shop import Store\n\ndef f(store: 'Store | None'):\n    (a, store.‸\n",
    "import shop.store\n\ndef f(store: shop.store.Store):\n    store.pr‸\n",
    "from shop import store as s\n\nx = s.Store('a', None)\nx.‸\n",
    "from shop.store import open_store\n\ndef f():\n    with open_store('a') as s:\n        s.‸\n",
    "from shop import *\n\nclass Mine(Store):\n    def f(self):\n        return self.‸\n",
    "from shop.store import Store\n\nclass A:\n    def __init__(self, store: Store):\n"
    "        self.store = store\n\n    def f(self):\n        self.store.‸\n",
    "from shop.store import Store\n\nStore('a', None).‸\n",
    "from shop.store import Store\n\ndef f(é: Store):\n    '😀', é.‸\n",
    "from shop.store import Store\n\ndef f(s: Store):\n    if s.‸\n    for x in y:\n        1",
]


@pytest.mark.parametrize("marked", PYTHON_RECEIVERS)
def test_receiver_is_understood(
    marked: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    text = render(gather_at(fixture_root("python"), "app.py", marked))
    assert "    async def price_of(self, name: str) -> Money:" in text


def test_member_of_a_module_is_shown_after_its_name(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = "from shop.text import labels\n\nlabels.‸\n"
    blocks = gather_at(fixture_root("python"), "app.py", marked)
    assert [(block.path, block.kind) for block in blocks] == [
        ("shop/text/labels.py", "receiver")
    ] * 2


def test_type_of_a_call_is_the_returned_type(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = "from shop.store import open_store\n\nopen_store('a').total.‸\n"
    text = render(gather_at(fixture_root("python"), "app.py", marked))
    assert '    def plus(self, other: "Money") -> "Money":' in text


def test_what_the_window_shows_is_left_out(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    root = fixture_root("python")
    marked = (root / "shop/store.py").read_text("utf-8") + "\nopen_store(‸\n"
    blocks = gather_at(root, "shop/store.py", marked)
    assert "shop/store.py" not in {block.path for block in blocks}


def test_own_definition_outside_of_the_window_is_shown(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    root = fixture_root("python")
    marked = (root / "shop/store.py").read_text("utf-8") + "\nstore = open_store(‸\n"
    window = (len(marked) - 30, len(marked) - 1)
    blocks = gather_at(root, "shop/store.py", marked, window=window)
    own = [block for block in blocks if block.path == "shop/store.py"]
    assert "def open_store(folder: str) -> Store:" in [block.text for block in own]


def test_name_that_nothing_imports_is_found_where_one_file_defines_it(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    blocks = gather_at(fixture_root("python"), "app.py", "unheard_of_anywhere_else(‸\n")
    assert [block.text for block in blocks] == ["def unheard_of_anywhere_else(times: int) -> int:"]


def test_private_names_of_others_come_after_public_ones(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = "from shop import money\n\nmoney.‸\n"
    blocks = gather_at(fixture_root("python"), "app.py", marked)
    scores = {block.text.split("(")[0]: block.score for block in blocks}
    assert scores["def _round"] < scores["def parse_price"]


def test_open_document_counts_before_its_file(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    root = fixture_root("python")
    open_texts = {(root / "shop/money.py").resolve(): "def parse_price(text, unsaved): ...\n"}
    marked = "from shop.money import parse_price\n\nparse_price(‸\n"
    text = render(gather_at(root, "app.py", marked, open_texts=open_texts))
    assert "def parse_price(text, unsaved):" in text


def test_secret_file_is_not_shown_even_when_it_is_imported(
    gather_at: GatherAt, tmp_path: Path
) -> None:
    (tmp_path / "secrets.py").write_text("TOKEN = 'abc'\n", encoding="utf-8")
    (tmp_path / "plain.py").write_text("NUMBER = 12\n", encoding="utf-8")
    marked = "import secrets, plain\n\nsecrets.TOKEN + plain.NUMBER + ‸\n"
    text = render(gather_at(tmp_path, "app.py", marked))
    assert "NUMBER" in text
    assert "TOKEN" not in text


def test_secret_file_is_not_read_from_an_open_document_either(
    gather_at: GatherAt, tmp_path: Path
) -> None:
    secret = tmp_path.resolve() / "secrets.py"
    secret.write_text("TOKEN = 'abc'\n", encoding="utf-8")
    blocks = gather_at(
        tmp_path, "app.py", "import secrets\nsecrets.‸\n", open_texts={secret: "TOKEN = 'x'\n"}
    )
    assert blocks == ()


@pytest.mark.parametrize(
    "marked",
    ["‸", "from shop import (‸", "class A(Store\n  def ‸", "store.‸", "x = ((((.‸", "\ud800.‸"],
)
def test_broken_document_never_fails(
    marked: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    gather_at(fixture_root("python"), "app.py", marked)


@pytest.mark.parametrize("path", ["notes.txt", "app.unknown"])
def test_unknown_language_has_no_context(
    path: str, gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    assert gather_at(fixture_root("python"), path, "from shop import Store‸") == ()


def test_language_that_the_editor_names_wins(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = "from shop.money import parse_price\n\nparse_price(‸\n"
    blocks = gather_at(fixture_root("python"), "app", marked, language_id="python")
    assert blocks


def test_circular_definitions_end(gather_at: GatherAt, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("from b import X\nY: Y = X\n", encoding="utf-8")
    (tmp_path / "b.py").write_text("from a import Y\nX = Y.z\nclass C(C): ...\n", encoding="utf-8")
    gather_at(tmp_path, "app.py", "from a import Y\nfrom b import X, C\nY.z.X.‸\n")
    gather_at(tmp_path, "app.py", "from b import C\nC().‸\n")


def test_dependencies_stand_before_dependents(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = (
        "from shop.store import Store\nfrom shop.money import Money\nfrom shop.base import Base\n\n"
        "def f(money: Money, base: Base):\n    Store, Base\n    money.‸\n"
    )
    paths = list(dict.fromkeys(b.path for b in gather_at(fixture_root("python"), "app.py", marked)))
    assert paths.index("shop/base.py") < paths.index("shop/store.py")
    assert paths.index("shop/money.py") < paths.index("shop/store.py")


def test_class_without_a_constructor_is_shown_with_its_fields(
    gather_at: GatherAt, fixture_root: Callable[[str], Path]
) -> None:
    marked = "from shop.money import Money\n\nMoney(‸\n"
    text = render(gather_at(fixture_root("python"), "app.py", marked, budget_tokens=40))
    assert "class Money:\n    cents: int\n    currency: str" in text


def test_property_that_a_constructor_declares_is_shown_once(
    gather_at: GatherAt, tmp_path: Path
) -> None:
    (tmp_path / "shelf.ts").write_text(
        "export class Shelf {\n  constructor(\n    private readonly width: number,\n  ) {}\n}\n",
        encoding="utf-8",
    )
    marked = 'import { Shelf } from "./shelf";\n\nnew Shelf(‸\n'
    assert render(gather_at(tmp_path, "app.ts", marked)).count("width: number") == 1

"""Queries, tested by source and what they find."""

from __future__ import annotations

import pytest

from lsp_server.context.definitions import Definition, definitions_of, find
from lsp_server.context.languages.registry import language_of_id, languages
from lsp_server.context.syntax import parse

PYTHON = '''
LIMIT: int = 3
class Store(Base, metaclass=Meta):
    """Doc."""
    size: int = 1
    def __init__(self, shelf: "Shelf", *, name=None) -> None:  # comment
        self.shelf = shelf
        self.total: Money = count()
    @property
    async def price(
        self, name: str
    ) -> Money:
        def local(): ...
        return 1
    class Inner:
        def deep(self): ...
'''

TYPESCRIPT = """
export abstract class Store<T> extends Base<T> {
  private total: Money = new Money();
  constructor(readonly shelf: Shelf) { super(); }
  async price(name: string): Promise<Money> {
    return this.total;
  }
  abstract close(): void;
}
export const open = async (path: string): Promise<Store> => {
  return new Store();
};
interface Sells { sell(name: string): Money; price: number }
enum Shift { Early, Late = 2 }
type Names = string[];
export default function main(store: Store) {}
"""

JAVASCRIPT = """
class Store extends Base {
  constructor(shelf) {
    this.shelf = shelf;
  }
  *walk() { yield 1; }
}
const open = (path) => { return path; };
function* all() {}
"""

GO = """package store
type Store struct {
	Path string
	a, b *Shelf
}
type Sells interface {
	Sell(name string) (Money, error)
}
type Names = []string
const Limit = 3
var std Store
func (s *Store) Price(name string) (Money, error) {
	return s.a.Price(name)
}
func New(path string) *Store { return nil }
"""

RUST = """
pub struct Store<T> { pub shelf: Shelf, size: i32 }
impl<T> Sells for Store<T> {
    pub fn new(path: &str) -> Self { Store {} }
    fn price(&self, name: &str) -> Option<Money> where T: Copy { None }
}
pub enum Shift { Early, Late(i32) }
trait Sells { fn sell(&self) -> i32; }
const LIMIT: i32 = 3;
"""

JAVA = """
public class Store extends Base implements Sells {
    private final Shelf shelf = new Shelf();
    public Store(Shelf shelf) { }
    @Override
    public Money price(String name) throws Empty { return null; }
    enum Shift { EARLY, LATE }
}
record Money(long cents) { }
interface Sells { Money sell(String name); }
"""


def definitions(language_id: str, text: str) -> tuple[Definition, ...]:
    language = language_of_id(language_id)
    assert language is not None
    parsed = parse(text, language)
    return definitions_of(parsed, find(parsed))


def outline(language_id: str, text: str) -> list[str]:
    """Return `owner.name: header` of everything, headers on one row."""
    return [
        f"{'.'.join((*one.owners, one.name))}: {' '.join(one.header.split())}"
        for one in definitions(language_id, text)
    ]


def test_python_headers_end_before_the_body() -> None:
    assert outline("python", PYTHON) == [
        "LIMIT: LIMIT: int = 3",
        "Store: class Store(Base, metaclass=Meta):",
        "Store.size: size: int = 1",
        'Store.__init__: def __init__(self, shelf: "Shelf", *, name=None) -> None:',
        "Store.shelf: self.shelf = shelf",
        "Store.total: self.total: Money = count()",
        "Store.price: async def price( self, name: str ) -> Money:",
        "Store.Inner: class Inner:",
        "Store.Inner.deep: def deep(self):",
    ]


def test_typescript_headers_end_before_the_body() -> None:
    assert outline("typescript", TYPESCRIPT) == [
        "Store: export abstract class Store<T> extends Base<T>",
        "Store.total: private total: Money = new Money()",
        "Store.constructor: constructor(readonly shelf: Shelf)",
        "Store.shelf: readonly shelf: Shelf",
        "Store.price: async price(name: string): Promise<Money>",
        "Store.close: abstract close(): void",
        "open: export const open = async (path: string): Promise<Store> =>",
        "Sells: interface Sells",
        "Sells.sell: sell(name: string): Money",
        "Sells.price: price: number",
        "Shift: enum Shift",
        "Shift.Early: Early",
        "Shift.Late: Late = 2",
        "Names: type Names = string[];",
        "main: export default function main(store: Store)",
    ]


def test_javascript_headers_end_before_the_body() -> None:
    assert outline("javascript", JAVASCRIPT) == [
        "Store: class Store extends Base",
        "Store.constructor: constructor(shelf)",
        "Store.shelf: this.shelf = shelf",
        "Store.walk: *walk()",
        "open: const open = (path) =>",
        "all: function* all()",
    ]


def test_go_methods_belong_to_their_receiver() -> None:
    assert outline("go", GO) == [
        "Store: type Store struct",
        "Store.Path: Path string",
        "Store.a: a, b *Shelf",
        "Sells: type Sells interface",
        "Sells.Sell: Sell(name string) (Money, error)",
        "Names: type Names = []string",
        "Limit: const Limit = 3",
        "std: var std Store",
        "Store.Price: func (s *Store) Price(name string) (Money, error)",
        "New: func New(path string) *Store",
    ]


def test_rust_members_of_an_impl_belong_to_its_type() -> None:
    assert outline("rust", RUST) == [
        "Store: pub struct Store<T>",
        "Store.shelf: pub shelf: Shelf",
        "Store.size: size: i32",
        "Store: impl<T> Sells for Store<T>",
        "Store.new: pub fn new(path: &str) -> Self",
        "Store.price: fn price(&self, name: &str) -> Option<Money> where T: Copy",
        "Shift: pub enum Shift",
        "Shift.Early: Early",
        "Shift.Late: Late(i32)",
        "Sells: trait Sells",
        "Sells.sell: fn sell(&self) -> i32;",
        "LIMIT: const LIMIT: i32 = 3;",
    ]


def test_java_headers_end_before_the_body() -> None:
    assert outline("java", JAVA) == [
        "Store: public class Store extends Base implements Sells",
        "Store.shelf: private final Shelf shelf = new Shelf();",
        "Store.Store: public Store(Shelf shelf)",
        "Store.price: @Override public Money price(String name) throws Empty",
        "Store.Shift: enum Shift",
        "Store.Shift.EARLY: EARLY",
        "Store.Shift.LATE: LATE",
        "Money: record Money(long cents)",
        "Money.cents: long cents",
        "Sells: interface Sells",
        "Sells.sell: Money sell(String name);",
    ]


@pytest.mark.parametrize(
    ("language_id", "text", "name", "type_text"),
    [
        ("python", PYTHON, "shelf", '"Shelf"'),
        ("python", PYTHON, "total", "Money"),
        ("typescript", TYPESCRIPT, "price", "Promise<Money>"),
        ("typescript", TYPESCRIPT, "shelf", "Shelf"),
        ("go", GO, "a", "*Shelf"),
        ("go", GO, "New", "*Store"),
        ("rust", RUST, "new", "Self"),
        ("java", JAVA, "price", "Money"),
    ],
)
def test_types_are_read_as_written(language_id: str, text: str, name: str, type_text: str) -> None:
    found = [one for one in definitions(language_id, text) if one.name == name]
    assert found[0].type_text == type_text


def test_rows_are_those_of_the_header() -> None:
    price = next(one for one in definitions("python", PYTHON) if one.name == "price")
    assert (price.start_row, price.end_row, price.end_body_row) == (9, 11, 13)


def test_carriage_returns_stay_out_of_headers() -> None:
    header = definitions("python", "def f(\r\n    a,\r\n):\r\n    pass\r\n")[0].header
    assert header == "def f(\n    a,\n):"


def test_what_stands_around_broken_code_is_found() -> None:
    names = {one.name for one in definitions("python", "def a(x): ...\ndef b(\nclass C: ...\n")}
    assert {"a", "C"} <= names


def test_long_header_is_cut_at_the_end_of_a_row() -> None:
    text = "def f(\n" + "".join(f"    parameter_{index}: int,\n" for index in range(100)) + "): ..."
    header = definitions("python", text)[0].header
    assert len(header) <= 600
    assert header.endswith("int,")


@pytest.mark.parametrize("language", languages(), ids=lambda language: language.folder)
def test_every_language_finds_nothing_in_nothing(language: object) -> None:
    parsed = parse("", language)  # type: ignore[arg-type]  # parametrised
    assert find(parsed) == []

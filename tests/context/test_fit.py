from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.context.definitions import Definition, DefinitionKind
from lsp_server.context.fit import fit, unseen_share
from lsp_server.context.index import FileFacts
from lsp_server.context.languages.registry import language_of_id
from lsp_server.context.query import Block, Candidate, Ranked, Source
from lsp_server.context.workspace import Workspace

PYTHON = language_of_id("python")
assert PYTHON is not None


def definition(name: str, row: int, owners: tuple[str, ...] = (), rows: int = 1) -> Definition:
    kind = DefinitionKind.CLASS if name[0].isupper() else DefinitionKind.FUNCTION
    header = "    " * len(owners) + ("class " if name[0].isupper() else "def ") + name
    return Definition(name, kind, owners, header, row, row, row + rows - 1)


def make_file(path: Path, *definitions: Definition) -> FileFacts:
    assert PYTHON is not None
    classes = tuple(one for one in definitions if one.holds_members)
    outermost = {one.name: one for one in definitions if not one.owners}
    return FileFacts(path, PYTHON, definitions, (), classes, outermost)


def ranked(file: FileFacts, *names: str, source: Source = Source.SEEN) -> list[Ranked]:
    by_name = {one.name: one for one in file.definitions}
    return [
        Ranked(Candidate(file, by_name[name], source, 1.0), 10.0 - position)
        for position, name in enumerate(names)
    ]


def fit_words(entries: list[Ranked], budget_tokens: int, root: Path) -> tuple[Block, ...]:
    """Fit where every word is a token."""
    return fit(entries, budget_tokens, lambda text: len(text.split()), Workspace([root]))


def test_best_headers_are_taken_first(tmp_path: Path) -> None:
    file = make_file(tmp_path.resolve() / "a.py", *(definition(n, i) for i, n in enumerate("abc")))
    blocks = fit_words(ranked(file, "c", "a", "b"), 6, tmp_path)
    assert [block.text for block in blocks] == ["def c", "def a"]


def test_member_brings_its_class_along(tmp_path: Path) -> None:
    file = make_file(
        tmp_path.resolve() / "a.py",
        definition("Store", 0, rows=9),
        definition("put", 2, ("Store",)),
        definition("get", 4, ("Store",)),
    )
    (block,) = fit_words(ranked(file, "get", "put"), 100, tmp_path)
    assert block.text == "class Store\n    def put\n    def get"
    assert (block.path, block.start_line, block.end_line) == ("a.py", 1, 5)


def test_class_is_paid_for_once(tmp_path: Path) -> None:
    file = make_file(
        tmp_path.resolve() / "a.py",
        definition("Store", 0, rows=9),
        definition("put", 2, ("Store",)),
        definition("get", 4, ("Store",)),
    )
    (block,) = fit_words(ranked(file, "get", "put"), 8, tmp_path)
    assert block.tokens == 6


def test_unseen_names_get_their_share_and_what_is_left(tmp_path: Path) -> None:
    names = [f"n{index}" for index in range(200)]
    file = make_file(
        tmp_path.resolve() / "a.py", *(definition(name, row) for row, name in enumerate(names))
    )
    seen = ranked(file, *names[:100])
    unseen = ranked(file, *names[100:], source=Source.OUTLINE)
    blocks = fit_words([*seen, *unseen], 128, tmp_path)
    kinds = [block.kind for block in blocks]
    assert kinds.count("outline") == pytest.approx(0.05 * 63, abs=1)
    assert sum(block.tokens for block in blocks) + 2 <= 128
    only_unseen = fit_words(unseen, 128, tmp_path)
    assert len(only_unseen) == 63


@pytest.mark.parametrize(
    ("budget_tokens", "share"), [(0, 0.0), (256, 0.1), (1024, 0.33), (2048, 0.5), (9000, 0.5)]
)
def test_share_of_unseen_names_grows_with_the_budget(budget_tokens: int, share: float) -> None:
    assert unseen_share(budget_tokens) == pytest.approx(share)

"""One way to gather, used by every test of the chain."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.context.gather import Gatherer
from lsp_server.context.query import Block, ContextQuery
from tests.support.documents import unmark

FIXTURES = Path(__file__).parent / "fixtures"

#: Tests never run out of time.
DEADLINE_MS = 60_000.0

GatherAt = Callable[..., tuple[Block, ...]]


@pytest.fixture
def fixture_root() -> Callable[[str], Path]:
    """Return the folder of a language's small project."""
    return lambda language: FIXTURES / language


@pytest.fixture
def gather_at() -> GatherAt:
    """Return a function that gathers for a document with a cursor mark."""

    def gather(root: Path, path: str, marked: str, **fields: object) -> tuple[Block, ...]:
        document = unmark(marked)
        fields.setdefault("budget_tokens", 1_000)
        fields.setdefault("deadline_ms", DEADLINE_MS)
        query = ContextQuery(root / path, document.text, document.cursor, **fields)  # type: ignore[arg-type]  # by name
        return Gatherer([root]).gather(query).blocks

    return gather

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from lsp_server.lasting_objects import leave_out_lasting_objects


class Ring:
    """Only a search finds that nobody needs one any more."""

    def __init__(self) -> None:
        self.myself = self


@pytest.fixture(autouse=True)
def _thaw() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_what_lives_is_left_out_and_what_is_new_is_searched() -> None:
    lasting: list[dict[str, int]] = [{} for _ in range(10_000)]
    leave_out_lasting_objects()
    assert gc.get_freeze_count() > len(lasting)
    ring = weakref.ref(Ring())
    assert len(gc.get_objects()) < len(lasting)
    gc.collect()
    assert ring() is None


def test_what_became_garbage_is_found_at_the_next_time() -> None:
    ring = Ring()
    reference = weakref.ref(ring)
    leave_out_lasting_objects()
    del ring
    gc.collect()
    assert reference() is not None
    leave_out_lasting_objects()
    assert reference() is None

"""A keystroke in a large document costs less than with pygls's own documents, in the same run."""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from types import FrameType
from typing import Any

from lsprotocol import types
from pygls.workspace import Workspace

from lsp_server.server.protocol.documents import DocumentStore
from lsp_server.server.protocol.positions import PositionCodec

URI = "untitled:Untitled-1"
LINE = "    value = compute(alpha, beta)  # of line\n"
TEXT = LINE * (200_000 // len(LINE) + 1)
NUM_LINES = len(TEXT.splitlines())
NUM_ROUNDS = 30

Edit = Callable[[int], None]


def keystroke(line: int) -> types.TextDocumentContentChangePartial:
    at = types.Position(line, 4)
    return types.TextDocumentContentChangePartial(types.Range(at, at), "x")


def own_store() -> Edit:
    store, codec = DocumentStore(), PositionCodec(types.PositionEncodingKind.Utf16)
    store.open(types.TextDocumentItem(URI, "python", 0, TEXT))
    identifier = types.VersionedTextDocumentIdentifier(1, URI)
    return lambda line: void(store.change(identifier, [keystroke(line)], codec))


def plain_pygls() -> Edit:
    workspace = Workspace(None, types.TextDocumentSyncKind.Incremental)
    workspace.put_text_document(types.TextDocumentItem(URI, "python", 0, TEXT))
    identifier = types.VersionedTextDocumentIdentifier(1, URI)
    return lambda line: workspace.update_text_document(identifier, keystroke(line))


def void(result: object) -> None:
    del result


def num_calls(edit: Edit, line: int) -> int:
    """Return how many functions are called, of Python and of C: the same on every machine."""
    count = 0

    def profile(frame: FrameType, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        edit(line)
    finally:
        sys.setprofile(None)
    return count


def cpu_us(edit: Edit, line: int) -> float:
    start = time.thread_time_ns()
    edit(line)
    return (time.thread_time_ns() - start) / 1_000


def test_the_work_of_an_edit_does_not_grow_with_the_lines_around_it() -> None:
    own, plain = own_store(), plain_pygls()
    for line in (0, NUM_LINES // 2, NUM_LINES - 1):
        assert num_calls(own, line) < 100
        assert num_calls(plain, line) > NUM_LINES


def test_an_edit_costs_less_than_with_plain_pygls() -> None:
    own, plain = own_store(), plain_pygls()
    own_us, plain_us = [], []
    for number in range(NUM_ROUNDS):
        # Side by side, so that whatever else the machine does slows both.
        line = number * NUM_LINES // NUM_ROUNDS
        own_us.append(cpu_us(own, line))
        plain_us.append(cpu_us(plain, line))
    own_median, plain_median = statistics.median(own_us), statistics.median(plain_us)
    print(f"CPU per edit: {own_median:.0f} us, plain pygls {plain_median:.0f} us")
    assert own_median < plain_median / 1.5

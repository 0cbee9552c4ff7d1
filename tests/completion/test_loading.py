from __future__ import annotations

from lsp_server.completion.loading import LoadingReporter, loading_words
from lsp_server.engine.api import LoadingEvent

LOADING = LoadingEvent(model="/models/big.gguf", fraction=0.5)
WAITING = LoadingEvent(model="/models/big.gguf", fraction=0.0, waits_for=("/models/a.gguf",))


def test_words_say_what_is_loaded_or_for_what_it_waits() -> None:
    assert loading_words(LOADING) == "loading big.gguf"
    words = loading_words(WAITING)
    assert words.startswith("big.gguf waits: a.gguf is in use")
    assert "memory" in words
    two = LoadingEvent(model="x", fraction=0.0, waits_for=("a", "b"))
    assert "a and b are in use" in loading_words(two)


def test_a_wait_and_its_end_are_reported_though_nothing_is_loaded_yet() -> None:
    reported: list[LoadingEvent] = []
    start = LoadingEvent(model=LOADING.model, fraction=0.0)
    with LoadingReporter(reported.append).watching() as take:
        for event in (start, WAITING, WAITING, start, LOADING, start):
            take(event)
    assert reported[:4] == [start, WAITING, start, LOADING]
    assert reported[-1].fraction == 1.0

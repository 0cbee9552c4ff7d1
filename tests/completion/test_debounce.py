from lsp_server.completion import debounce
from lsp_server.completion.debounce import Debouncer


async def test_without_a_delay_nobody_sleeps() -> None:
    async def sleep(duration_s: float) -> None:
        raise AssertionError(f"slept {duration_s} s")

    debouncer = Debouncer(lambda: 0, sleep)
    ticket = debouncer.take_turn("u")
    assert await debouncer.is_newest_after_delay("u", ticket)


async def test_a_newer_question_of_the_same_document_wins() -> None:
    durations_s: list[float] = []

    async def sleep(duration_s: float) -> None:
        durations_s.append(duration_s)

    debouncer = Debouncer(lambda: 75, sleep)
    old, new = debouncer.take_turn("u"), debouncer.take_turn("u")
    debouncer.take_turn("other")
    assert not await debouncer.is_newest_after_delay("u", old)
    assert await debouncer.is_newest_after_delay("u", new)
    assert durations_s == [0.075, 0.075]


async def test_a_question_of_a_forgotten_document_is_asked() -> None:
    async def sleep(duration_s: float) -> None:
        for number in range(debounce.MAX_DOCUMENTS):
            debouncer.take_turn(f"u{number}")

    debouncer = Debouncer(lambda: 75, sleep)
    ticket = debouncer.take_turn("u")
    assert await debouncer.is_newest_after_delay("u", ticket)

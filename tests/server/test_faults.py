"""Which faults the person is told of, when requests run side by side."""

from __future__ import annotations

import pytest

from lsp_server.engine.api import ErrorKind, ErrorReport
from lsp_server.server.faults import FaultReporter

ENDED = ErrorReport(kind=ErrorKind.STOPPED, message="it ended")
NOT_STARTED = ErrorReport(kind=ErrorKind.START, message="it does not start")
NO_ROOM = ErrorReport(kind=ErrorKind.NO_CELLS, message="no room")


@pytest.fixture
def shown() -> list[str]:
    return []


@pytest.fixture
def faults(shown: list[str]) -> FaultReporter:
    return FaultReporter(shown.append)


def test_a_fault_is_shown_at_once_and_once(faults: FaultReporter, shown: list[str]) -> None:
    for error in (NO_ROOM, NO_ROOM, NOT_STARTED, NO_ROOM):
        faults.failed(faults.begin(), error)
    assert shown == ["Bantam: no room", "Bantam: it does not start"]


def test_after_things_worked_a_fault_is_shown_again(
    faults: FaultReporter, shown: list[str]
) -> None:
    for _ in range(2):
        faults.failed(faults.begin(), NO_ROOM)
        faults.worked(faults.begin())
    assert shown == ["Bantam: no room"] * 2


def test_an_engine_that_ended_is_shown_if_the_next_one_fails(
    faults: FaultReporter, shown: list[str]
) -> None:
    faults.failed(faults.begin(), ENDED)
    assert shown == []
    faults.failed(faults.begin(), ENDED)
    faults.failed(faults.begin(), ENDED)
    assert shown == ["Bantam: it ended"]


def test_an_engine_that_ended_and_does_not_start_is_one_message(
    faults: FaultReporter, shown: list[str]
) -> None:
    faults.failed(faults.begin(), ENDED)
    for _ in range(3):
        faults.failed(faults.begin(), NOT_STARTED)
    assert shown == ["Bantam: it does not start"]


def test_requests_that_one_end_interrupts_are_one_fault(
    faults: FaultReporter, shown: list[str]
) -> None:
    for number in [faults.begin() for _ in range(4)]:
        faults.failed(number, ENDED)
    assert shown == []


def test_what_worked_just_before_the_end_does_not_count(
    faults: FaultReporter, shown: list[str]
) -> None:
    first, second, third = faults.begin(), faults.begin(), faults.begin()
    faults.failed(first, NO_ROOM)
    faults.worked(second)
    faults.failed(third, NO_ROOM)
    assert shown == ["Bantam: no room"]


def test_a_request_that_fails_late_tells_nothing_new(
    faults: FaultReporter, shown: list[str]
) -> None:
    late = faults.begin()
    faults.failed(faults.begin(), ENDED)
    faults.worked(faults.begin())
    faults.failed(late, ENDED)
    faults.failed(faults.begin(), ENDED)
    assert shown == []

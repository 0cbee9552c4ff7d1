from __future__ import annotations

from lsp_server.engine.waiting_line import WaitingLine


def test_models_come_in_the_order_in_which_they_were_asked_for() -> None:
    line = WaitingLine()
    line.join("b", 1, 10.0)
    line.join("a", 2, 11.0)
    line.join("b", 3, 12.0)
    assert line.first == "b"
    assert line.num_requests == {"b": 2, "a": 1}
    line.serve("b")
    assert line.first == "a"


def test_joining_twice_counts_once() -> None:
    line = WaitingLine()
    assert line.join("a", 1, 10.0) == line.join("a", 1, 11.0) == 10.0
    assert line.num_requests == {"a": 1}


def test_a_model_without_requests_is_passed_over_but_keeps_its_turn_for_a_while() -> None:
    line = WaitingLine()
    line.join("a", 1, 10.0)
    line.join("b", 2, 11.0)
    line.leave("a", 1, 12.0)
    assert line.first == "b"
    assert line.join("a", 3, 20.0) == 10.0, "the next key of the same person"
    assert line.first == "a"
    line.leave("a", 3, 20.0)
    assert line.join("a", 4, 31.0) == 31.0
    assert line.first == "b"


def test_leaving_twice_or_after_being_served_is_fine() -> None:
    line = WaitingLine()
    line.join("a", 1, 10.0)
    line.leave("a", 1, 11.0)
    line.leave("a", 1, 12.0)
    line.serve("a")
    line.leave("a", 1, 13.0)
    assert line.first is None

from lsp_server.server import feedback
from lsp_server.server.feedback import Feedback


def test_a_suggestion_counts_once() -> None:
    counts = Feedback()
    first, second = counts.offer(), counts.offer()
    assert counts.accept(first)
    assert not counts.accept(first)
    assert not counts.dismiss(first)
    assert counts.dismiss(second)
    assert counts.counts == {"accepted": 1, "dismissed": 1}


def test_old_suggestions_are_forgotten() -> None:
    counts = Feedback()
    oldest = counts.offer()
    for _ in range(feedback.MAX_OPEN):
        counts.offer()
    assert not counts.accept(oldest)

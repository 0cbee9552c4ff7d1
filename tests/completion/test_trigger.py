import pytest

from lsp_server.completion.query import OutcomeReason
from lsp_server.completion.trigger import reason_not_to_ask
from tests.support.completion import cursor_at


@pytest.mark.parametrize(
    "marked",
    [
        "def add(‸",
        "def add(‸)",
        "print(f'{value‸}')",
        "call(first, second‸);",
        "if condition:\n    ‸\n",
        "values = [1, 2‸   ]  ",
    ],
)
def test_typing_may_ask_at_line_ends_and_before_closers(marked: str) -> None:
    assert reason_not_to_ask(cursor_at(marked)) is None


@pytest.mark.parametrize("marked", ["value = compu‸te(1)", "call(‸first)", "‸def add(a, b):"])
def test_typing_does_not_ask_before_other_text(marked: str) -> None:
    assert reason_not_to_ask(cursor_at(marked)) is OutcomeReason.TEXT_RIGHT_OF_CURSOR


@pytest.mark.parametrize("marked", ["‸", "def‸", "   \n\n x‸  \n"])
def test_typing_does_not_ask_in_a_nearly_empty_document(marked: str) -> None:
    assert reason_not_to_ask(cursor_at(marked)) is OutcomeReason.TOO_LITTLE_TEXT

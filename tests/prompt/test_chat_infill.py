from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lsp_server.engine.api import Part, Segment, TextSegment, TurnRole, TurnSegment
from lsp_server.prompt.anchor import AnchoredDocument, AnchorWindow, anchor
from lsp_server.prompt.chat_infill import MAX_WORD_CHARS, fence_for, render_chat_infill
from tests.support.documents import unmark
from tests.support.typing_editor import TypingEditor

WINDOW = AnchorWindow(prefix_chars=4_000, suffix_chars=2_000)
MARKED = "import math\n\ndef area(r):\n    re‸\n\nprint(area(2))\n"
CONTEXT = TextSegment(text="# shop.py\ndef price(): ...\n\n", document="shop.py", part=Part.CONTEXT)


def anchored_at(marked: str) -> AnchoredDocument:
    document = unmark(marked)
    return anchor(document.text, document.cursor, WINDOW)


def turns(segments: tuple[Segment, ...]) -> list[tuple[TurnRole, str]]:
    result: list[tuple[TurnRole, str]] = []
    for segment in segments:
        if isinstance(segment, TurnSegment):
            result.append((segment.role, ""))
        else:
            assert isinstance(segment, TextSegment)
            result[-1] = (result[-1][0], result[-1][1] + segment.text)
    return result


def test_answer_is_begun_with_a_fence_and_what_is_typed() -> None:
    anchored = anchored_at(MARKED)
    prompt = render_chat_infill(anchored, "a.py", "src/a.py", "python")
    (asker, question), (answerer, answer) = turns(prompt.segments)
    assert (asker, answerer) == (TurnRole.USER, TurnRole.ASSISTANT)
    assert answer + anchored.forced_prefix == "```python\n    re"
    assert prompt.stop_texts == ("```",)
    assert "src/a.py" in question


def test_suffix_stands_before_prefix_and_context_before_both() -> None:
    prompt = render_chat_infill(anchored_at(MARKED), "a.py", None, "python", (CONTEXT,))
    question = turns(prompt.segments)[0][1]
    places = [question.index(text) for text in ("def price", "print(area(2))", "def area(r):")]
    assert places == sorted(places)


def test_instructions_are_the_same_for_every_document() -> None:
    prompts = [
        render_chat_infill(anchored_at(marked), "a", path, "go", context)
        for marked, path, context in [(MARKED, "a.py", ()), ("x‸", None, (CONTEXT,))]
    ]
    assert prompts[0].segments[:2] == prompts[1].segments[:2]


@pytest.mark.parametrize("marked", ["‸", "x‸\n", "‸\ny", "   ‸"])
def test_what_is_missing_is_not_shown(marked: str) -> None:
    question = turns(render_chat_infill(anchored_at(marked), "a", None).segments)[0][1]
    assert "```\n```" not in question
    assert question.count("```") % 2 == 0


def test_words_take_no_more_room_than_announced() -> None:
    prompt = render_chat_infill(anchored_at(MARKED), "a.py", None, "python", (CONTEXT,))
    words = [s.text for s in prompt.segments if isinstance(s, TextSegment) and not s.document]
    assert sum(map(len, words)) <= MAX_WORD_CHARS


def test_language_and_path_cannot_break_out_of_their_lines() -> None:
    prompt = render_chat_infill(anchored_at(MARKED), "a", "a`````\nb.py", "py`\n```")
    question, answer = (text for _, text in turns(prompt.segments))
    (fence,) = prompt.stop_texts
    assert len(fence) > 5
    assert answer.startswith(f"{fence}py\n")
    assert "a`````?b.py" in question


@given(st.text(alphabet="`a\n ", max_size=40), st.text(alphabet="`a\n ", max_size=40))
def test_document_cannot_close_a_block(before: str, after: str) -> None:
    anchored = anchor(before + after, len(before), WINDOW)
    prompt = render_chat_infill(anchored, "a", None, "markdown")
    (fence,) = prompt.stop_texts
    shown = anchored.prefix + anchored.tail + anchored.forced_prefix
    assert fence not in shown
    assert fence not in anchored.suffix
    question = turns(prompt.segments)[0][1]
    lines = [line for line in question.splitlines() if re.match(rf"{fence}(?!`)", line)]
    assert len(lines) % 2 == 0


def test_fence_grows_in_steps() -> None:
    lengths = [len(fence_for("x" + "`" * num)) for num in range(12)]
    assert lengths == [3, 3, 3, 4, 8, 8, 8, 8, 12, 12, 12, 12]


def test_typing_changes_the_tail_alone() -> None:
    editor = TypingEditor("def f(x):\n    \n\nprint(f(1))\n", len("def f(x):\n    "))
    anchored = anchor(editor.text, editor.cursor, WINDOW)
    prompts = []
    for keystroke in editor.type('return "`" + max(x, [1, 2][0])'):
        anchored = anchor(keystroke.text, keystroke.cursor, WINDOW, anchored)
        prompts.append(render_chat_infill(anchored, "a.py", "a.py", "python").segments)
    for previous, prompt in itertools.pairwise(prompts):
        tails = [one[-1].text for one in (previous, prompt) if isinstance(one[-1], TextSegment)]
        assert previous[:-1] == prompt[:-1]
        assert tails[1].startswith(tails[0]) or tails[0].startswith(tails[1])

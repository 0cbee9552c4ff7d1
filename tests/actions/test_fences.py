"""Code out of a model's answer."""

from __future__ import annotations

import pytest

from lsp_server.actions.fences import code_in, fence_for, fenced


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("```python\nx = 1\n```", "x = 1"),
        ("```python\nx = 1", "x = 1"),
        ("```\nx = 1\n\n```\nI changed x.", "x = 1"),
        ("Here it is:\n\n```python\nx = 1\n```\n\nAnd:\n```\ny\n```", "x = 1"),
        ("```python\n```python\nx = 1\n```", "x = 1"),
        ("```python\n\n```python\nx = 1\n```\nDone.", "x = 1"),
        ("````md\n```\nx\n```\n````", "```\nx\n```"),
        ("x = 1\n", "x = 1"),
        ("    x = 1\n    y = 2", "    x = 1\n    y = 2"),
        ("```python\n```", ""),
        ("```python\n", ""),
        ("", ""),
        ("```\n```\n```\nx\n```", "x"),
    ],
)
def test_code_in(answer: str, code: str) -> None:
    assert code_in(answer) == code


def test_fence_holds_any_text() -> None:
    text = "a ```` b\n```\n"
    fence = fence_for(text, "`")
    assert fence == "`````"
    assert code_in(fenced(text, "md", fence)) == text.rstrip()

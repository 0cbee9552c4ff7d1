from __future__ import annotations

from lsp_server.context.query import Block
from lsp_server.context.render import render


def block(path: str, text: str, line_comment: str = "#") -> Block:
    return Block(
        path=path,
        start_line=1,
        end_line=1,
        kind="definition",
        score=1.0,
        tokens=1,
        text=text,
        line_comment=line_comment,
    )


def test_neighbours_of_one_file_share_its_path_comment() -> None:
    blocks = [block("a.py", "def a():"), block("a.py", "def b():"), block("b.go", "func c()", "//")]
    assert render(blocks) == "# a.py\ndef a():\ndef b():\n\n// b.go\nfunc c()\n\n"


def test_block_that_came_later_gets_a_comment_of_its_own() -> None:
    blocks = [block("a.py", "A"), block("b.py", "B"), block("a.py", "C")]
    assert render(blocks) == "# a.py\nA\n\n# b.py\nB\n\n# a.py\nC\n\n"


def test_nothing_renders_as_nothing() -> None:
    assert render([]) == ""

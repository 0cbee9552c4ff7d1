"""The Neovim plugin in a real Neovim, against the real server and engine."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.neovim import BANTAM, Neovim, find_neovim

pytestmark = pytest.mark.e2e

FAKE_MODEL = "{ settings = { model = { name = 'fake' } } }"
#: What the model `fake` writes.
FAKE_ANSWER = "return a + b"

#: A place where the embedded model is sure.
READER = '''"""Read and count the lines of text files."""


def count_lines(path):
    """Return how many lines a file has."""
    count = 0
    with open(path) as file:
        for line in file:
            count += 1
    return count


def read_lines(path):
    """Return the lines of a file."""
    lines = []
    with open(path) as file:
        for line in file:
            lines.app
'''

OpenEditor = Callable[..., Neovim]


@pytest.fixture(scope="session")
def neovim_program() -> Path:
    return find_neovim()


@pytest.fixture
def open_editor(
    neovim_program: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[OpenEditor]:
    for name in ("STATE", "CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name.lower()))
    editors: list[Neovim] = []

    def open_editor(setup: str, text: str) -> Neovim:
        file = tmp_path / "shop.py"
        file.write_text(text, encoding="utf-8")
        editor = Neovim(neovim_program, tmp_path, setup)
        editors.append(editor)
        editor.open(file)
        return editor

    yield open_editor
    for editor in editors:
        editor.close()
    subprocess.run([BANTAM, "engine", "stop"], check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def editor(open_editor: OpenEditor) -> Neovim:
    """An editor with the fake model, in insert mode where a body is missing."""
    editor = open_editor(FAKE_MODEL, "def add(a, b):\n    \n")
    editor.wait_for_server()
    editor.type("jA")
    return editor


def test_the_embedded_model_suggests_and_tab_accepts(open_editor: OpenEditor) -> None:
    editor = open_editor("{}", READER)
    editor.wait_for_server()
    editor.type("G$a")

    ghost = editor.wait_for_ghost_text()
    editor.type("<Tab>")

    expected = (READER.rstrip("\n") + ghost).split("\n")
    editor.wait_until(lambda: editor.lines == expected, "the suggestion to be in the text")
    assert ghost == "end(line)"


def test_tab_accepts_the_whole_suggestion(editor: Neovim) -> None:
    assert editor.wait_for_ghost_text() == FAKE_ANSWER
    editor.type("<Tab>")
    editor.wait_until(lambda: editor.lines[1] == "    " + FAKE_ANSWER, "the suggestion")


def test_a_word_of_the_suggestion_can_be_taken_and_the_rest_stays(editor: Neovim) -> None:
    editor.wait_for_ghost_text()
    editor.type("<M-Right>")
    editor.wait_until(lambda: editor.lines[1] == "    return", "the first word")
    editor.wait_until(lambda: editor.ghost_text == " a + b", "the rest")


def test_typing_along_keeps_the_suggestion(editor: Neovim) -> None:
    editor.wait_for_ghost_text()
    editor.type("return")
    editor.wait_until(lambda: editor.ghost_text == " a + b", "the rest")


def test_a_place_where_the_cursor_rests_is_prepared(open_editor: OpenEditor) -> None:
    editor = open_editor(FAKE_MODEL, "import os\n\n\ndef add(a, b):\n    \n")
    editor.wait_for_server()
    editor.type("GA")
    editor.wait_for_ghost_text()
    editor.type("<Esc>gg")
    editor.wait_until(lambda: editor.status["prepared"] >= 1, "the place to be prepared")


def test_dismissing_takes_the_suggestion_away(editor: Neovim) -> None:
    editor.wait_for_ghost_text()
    editor.type("<M-e>")
    editor.wait_until(lambda: editor.ghost_text == "", "the ghost text to be gone")
    assert editor.lines[1] == "    "


def test_tab_is_a_tab_without_a_suggestion(open_editor: OpenEditor) -> None:
    editor = open_editor("{ ghost_text = false }", "x\n")
    editor.wait_for_server()
    editor.type("ggI<Tab>")
    editor.wait_until(lambda: editor.lines[0].expandtabs() == "    x", "a tab")
    assert editor.messages == ""


def test_a_code_action_is_applied_and_undone_in_one_step(open_editor: OpenEditor) -> None:
    before = ["def add(a, b):", "    pass"]
    editor = open_editor(FAKE_MODEL, "\n".join(before) + "\n")
    editor.wait_for_server()
    editor.type("j")
    editor.lua(
        "vim.lsp.buf.code_action({\n"
        "  apply = true,\n"
        "  filter = function(action) return action.title == 'Bantam: Write the body of add' end,\n"
        "})"
    )
    editor.wait_until(lambda: editor.lines == [before[0], "    " + FAKE_ANSWER], "the body")
    editor.type("u")
    editor.wait_until(lambda: editor.lines == before, "the text as it was")


def test_checkhealth_names_what_was_found(editor: Neovim) -> None:
    editor.type("<Esc>")
    editor.rpc.command("checkhealth bantam")
    report = "\n".join(editor.lines)
    assert "knows inline completion" in report
    assert f"{BANTAM}: bantam" in report
    assert "Running for 1 buffer(s)" in report
    assert "ERROR" not in report


def test_checkhealth_says_how_to_get_a_missing_program(open_editor: OpenEditor) -> None:
    editor = open_editor("{ cmd = { 'no-such-bantam', 'serve' } }", "x\n")
    editor.rpc.command("checkhealth bantam")
    report = "\n".join(editor.lines)
    assert "`no-such-bantam` is not an executable program" in report
    assert "uv tool install" in report


def test_an_unknown_option_is_named(open_editor: OpenEditor) -> None:
    editor = open_editor("{ ghost_text = false }", "x\n")
    message = editor.lua(
        "local _, message = pcall(require('bantam').setup, { ghosttext = true })\nreturn message"
    )
    assert "setup has no option ghosttext" in message
    assert "ghost_text" in message

"""`bantam act` as a process, with an engine process of its own."""

from __future__ import annotations

import ast
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left

pytestmark = pytest.mark.e2e

SOURCE = "import os\n\n\ndef add(a, b):\n    pass\n"
DIFF = "@@ -2,4 +2,4 @@\n \n \n def add(a, b):\n-    pass\n+    return a + b\n"


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "add.py"
    path.write_text(SOURCE)
    return path


def test_list_needs_no_engine(file: Path, bantam_directories: Directories) -> None:
    result = bantam("act", "list", "--model", "fake", f"{file}:5")
    assert result.returncode == 0
    names = [line.split()[0] for line in result.stdout.splitlines()]
    assert names == ["write_body", "docstring", "edit_instructed", "explain"]
    assert engines_of(bantam_directories) == []


def test_list_as_json_says_what_the_model_cannot_do(file: Path, tiny_model: Path) -> None:
    result = bantam("act", "list", "--json", "--model", str(tiny_model), f"{file}:5")
    actions = {one["name"]: one for one in json.loads(result.stdout)["actions"]}
    assert actions["write_body"] == {
        "name": "write_body",
        "title": "Write the body of add",
        "kind": "refactor.rewrite",
        "needs": "infill",
        "gives": "edit",
        "disabled": None,
    }
    assert "base model" in actions["explain"]["disabled"]


def test_list_where_nothing_can_be_done(file: Path) -> None:
    result = bantam("act", "list", "--model", "fake", f"{file}:2")
    assert (result.stdout, result.returncode) == ("", 0)
    assert "nothing can be done here" in result.stderr


def test_the_edit_is_printed_as_a_diff(file: Path) -> None:
    for extra in ([], ["--diff"]):
        result = bantam("act", "write_body", "--model", "fake", f"{file}:5", *extra)
        assert (result.stderr, result.returncode) == ("", 0)
        head, rest = result.stdout.split("@@", 1)
        assert f"@@{rest}" == DIFF
        assert head.endswith("/add.py\n")
    assert file.read_text() == SOURCE


def test_write_edits_the_file_and_keeps_its_mode(file: Path) -> None:
    file.chmod(0o640)
    result = bantam("act", "write-body", "--model", "fake", "--write", f"{file}:5")
    assert (result.stdout, result.returncode) == ("", 0)
    assert "is edited" in result.stderr
    assert file.read_text() == SOURCE.replace("pass", "return a + b")
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in file.parent.glob("*add*")] == ["add.py"]


def test_chat_actions(file: Path) -> None:
    result = bantam(
        "act", "edit_instructed", "--model", "fake:chat", f"{file}:4-5", "--instruction", "add them"
    )
    assert result.returncode == 0, result.stderr
    assert "+    return a + b\n" in result.stdout
    result = bantam("act", "explain", "--model", "fake:chat", f"{file}:4-5")
    assert "It adds two numbers." in result.stdout
    file.write_text("def add(a, b):\n    return a + (b\n")
    result = bantam("act", "fix_diagnostic", "--model", "fake:chat", f"{file}:2")
    assert "+    return a + b\n" in result.stdout, result.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense", "{file}:5"], "no action 'nonsense'; the actions are"),
        (["write_body", "{file}"], "FILE:LINE"),
        (["write_body", "{file}:99"], "has 6 lines, so there is no line 99"),
        (["write_body", "{file}:1"], "it needs a function or class whose body is empty"),
        (["write_body", "{file}.no:1"], "does not exist"),
        (["write_body", "{file}:5", "--write", "--diff"], "exclude each other"),
        (["write_body", "{file}:5", "--json"], "bantam act list"),
        (["write_body", "{file}:5", "--instruction", "x"], "takes no --instruction"),
        (["explain", "{file}:5", "--write"], "edits nothing"),
        (["list", "{file}:5", "--write"], "list is none"),
    ],
)
def test_what_cannot_be_asked_ends_with_2(file: Path, arguments: list[str], words: str) -> None:
    named = [argument.replace("{file}", str(file)) for argument in arguments]
    result = bantam("act", *named, "--model", "fake")
    assert (result.stdout, result.returncode) == ("", 2)
    assert words in result.stderr


@pytest.mark.parametrize(
    ("action", "model", "words"),
    [
        ("explain", "fake", "cannot follow instructions"),
        ("write_body", "fake:no-infill", "has no markers"),
        ("write_body", "fake:broken", "fake:broken"),
    ],
)
def test_what_the_model_cannot_do_ends_with_1(
    file: Path, action: str, model: str, words: str
) -> None:
    result = bantam("act", action, f"{file}:5", "--model", model)
    assert (result.stdout, result.returncode) == ("", 1)
    assert words in result.stderr


@pytest.mark.real_model
def test_embedded_model_documents_a_function(file: Path, embedded_model: Path) -> None:
    file.write_text(
        "def read_lines(path):\n    with open(path) as file:\n        return list(file)\n"
    )
    result = bantam("act", "docstring", f"{file}:1", "--model", str(embedded_model), "--write")
    assert result.returncode == 0, result.stderr
    [function] = ast.parse(file.read_text()).body
    assert isinstance(function, ast.FunctionDef)
    assert ast.get_docstring(function)

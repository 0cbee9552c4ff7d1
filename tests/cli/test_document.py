"""Documents that commands read, and those that they refuse in one sentence."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from lsp_server.cli.document import MAX_FILE_BYTES, Document, language_of, read_document
from lsp_server.cli.location import parse_location
from lsp_server.errors import UsageError


def read(path: Path, position: str = "1:1") -> Document:
    return read_document(parse_location(f"{path}:{position}"))


def type_on_standard_input(monkeypatch: pytest.MonkeyPatch, data: bytes) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))


def test_a_file_keeps_its_line_endings(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes("x = 1\r\ny = '\N{PARTY POPPER}'\r\n".encode())
    document = read(path, "2:7")
    assert document.text == "x = 1\r\ny = '\N{PARTY POPPER}'\r\n"
    assert document.text[document.cursor :] == "'\r\n"
    assert document.language == "python"
    assert document.uri == path.as_uri()


def test_a_byte_order_mark_is_no_character(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"\xef\xbb\xbfx = 1")
    document = read(path, "1:6")
    assert (document.text, document.cursor) == ("x = 1", 5)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a\xff", "a.py is not UTF-8: byte 1 is 0xff"),
        (b"a\0b", "a.py is no text: .* zero byte at 1"),
        (b"a" * (MAX_FILE_BYTES + 1), "larger than 4 MiB"),
    ],
)
def test_what_is_no_source_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=message):
        read(path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none\.py does not exist"):
        read(tmp_path / "none.py")


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        read(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="the superuser may read all")
def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.touch(mode=0)
    with pytest.raises(UsageError, match="cannot be read"):
        read(path)


def test_standard_input_ends_at_the_cursor(monkeypatch: pytest.MonkeyPatch) -> None:
    type_on_standard_input(monkeypatch, b"def f():\n    ")
    document = read_document(parse_location("-"), language="python")
    assert document.cursor == len(document.text) == 13
    assert (document.language, document.path, document.uri) == ("python", None, "untitled:stdin")


def test_standard_input_has_the_language_of_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    type_on_standard_input(monkeypatch, b"x\ny\n")
    document = read_document(parse_location("-:2:2"), path=Path("src/a.rs"))
    assert document.language == "rust"
    assert document.cursor == 3
    assert document.path == Path.cwd() / "src/a.rs"


def test_standard_input_is_named_in_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    type_on_standard_input(monkeypatch, b"x")
    with pytest.raises(UsageError, match="standard input has 1 line, so there is no line 2"):
        read_document(parse_location("-:2:1"))


@pytest.mark.parametrize(
    ("name", "language"), [("a.py", "python"), ("a.zig", "zig"), ("Makefile", "plaintext")]
)
def test_language_of_a_path(name: str, language: str) -> None:
    assert language_of(Path(name)) == language

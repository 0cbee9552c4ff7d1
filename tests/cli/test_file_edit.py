"""Edits of files: diffs that patch takes, and writing that is whole or not at all."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

import pytest

from lsp_server.cli.file_edit import unified_diff, write_text
from lsp_server.errors import UsageError


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nc"),
        ("a\r\nb\r\n", "a\r\nc\r\nd\r\n"),
        ("a\n", "a\n\x0cb\u2028c\n"),
        ("", "a\n"),
        ("a", "a\n"),
    ],
)
def test_git_applies_the_diff(tmp_path: Path, old: str, new: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(old.encode())
    diff = unified_diff("a.txt", old, new)
    subprocess.run(
        ["git", "apply", "--whitespace=nowarn", "-"], input=diff.encode(), cwd=tmp_path, check=True
    )
    assert path.read_bytes() == new.encode()


def test_absolute_names_lose_their_root() -> None:
    assert unified_diff("/x/a.py", "a\n", "b\n").startswith("--- a/x/a.py\n+++ b/x/a.py\n")


def test_writing_keeps_mode_mark_and_link(tmp_path: Path) -> None:
    target = tmp_path / "target.py"
    target.write_bytes(b"\xef\xbb\xbfold")
    target.chmod(0o750)
    link = tmp_path / "link.py"
    link.symlink_to(target)
    write_text(link, target.read_bytes(), "nöw\r\n")
    assert target.read_bytes() == b"\xef\xbb\xbf" + "nöw\r\n".encode()
    assert stat.S_IMODE(target.stat().st_mode) == 0o750
    assert link.is_symlink()
    assert sorted(tmp_path.iterdir()) == [link, target]


def test_file_that_changed_meanwhile_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "a.py"
    path.write_bytes(b"theirs")
    with pytest.raises(UsageError, match="has changed meanwhile"):
        write_text(path, b"old", "ours")
    assert path.read_bytes() == b"theirs"
    assert list(tmp_path.iterdir()) == [path]


def test_file_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"a\.py cannot be written: No such file"):
        write_text(tmp_path / "a.py", b"old", "ours")
    assert list(tmp_path.iterdir()) == []

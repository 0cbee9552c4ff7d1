"""An edit of a file: shown as a unified diff, or written so that nothing is ever half done."""

from __future__ import annotations

import codecs
import contextlib
import difflib
import os
import tempfile
from pathlib import Path, PurePath

from lsp_server.errors import UsageError

_NO_NEWLINE = "\\ No newline at end of file\n"


def unified_diff(name: str, old: str, new: str) -> str:
    """Return the difference of two texts as `diff -u` and `git diff` write it.

    Args:
        name: The file's name.
        old: Its text.
        new: The text that it is to have.
    """
    path = PurePath(name)
    shown = path.relative_to(path.anchor).as_posix()
    rows = difflib.unified_diff(_rows(old), _rows(new), f"a/{shown}", f"b/{shown}")
    return "".join(row if row.endswith("\n") else f"{row}\n{_NO_NEWLINE}" for row in rows)


def write_text(path: Path, old_data: bytes, new: str) -> None:
    """Put a text in the place of a file's, with the same permissions and byte order mark.

    Args:
        path: The file; where it is a link, its target is written.
        old_data: What the file held when it was read.
        new: The text that it is to have.

    Raises:
        UsageError: The file holds something else by now, or cannot be written.
    """
    target = path.resolve()
    mark = codecs.BOM_UTF8 if old_data.startswith(codecs.BOM_UTF8) else b""
    try:
        _replace(target, old_data, mark + new.encode("utf-8"))
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}") from error


def _replace(target: Path, old_data: bytes, new_data: bytes) -> None:
    descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(new_data)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(target.stat().st_mode & 0o7777)
        if target.read_bytes() != old_data:
            raise UsageError(f"{target} has changed meanwhile, so it was not written; try again")
        Path(name).replace(target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise


def _rows(text: str) -> list[str]:
    rows = text.split("\n")
    ended = [f"{row}\n" for row in rows[:-1]]
    return [*ended, rows[-1]] if rows[-1] else ended

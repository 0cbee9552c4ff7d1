"""A file's path as a model is told it.  Pure."""

from __future__ import annotations

#: A longer path tells a model nothing more; its end says most.
MAX_PATH_CHARS = 120


def one_line(path: str | None) -> str | None:
    """Return a path that cannot break out of its line."""
    if path is None:
        return None
    return "".join(char if char.isprintable() else "?" for char in path)[-MAX_PATH_CHARS:]

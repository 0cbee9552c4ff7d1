"""Numbers with units, for people."""

from __future__ import annotations

_BYTE_UNITS = ("kB", "MB", "GB", "TB")
_COUNT_UNITS = ((1_000_000_000, "billion"), (1_000_000, "million"))


def bytes_text(num_bytes: int) -> str:
    """Return a size in decimal units: `9.4 MB`."""
    if num_bytes < 1_000:
        return f"{num_bytes} bytes"
    value = num_bytes / 1_000
    for unit in _BYTE_UNITS[:-1]:
        if value < 999.95:
            return f"{value:.1f} {unit}"
        value /= 1_000
    return f"{value:.1f} {_BYTE_UNITS[-1]}"


def count_text(count: int) -> str:
    """Return a large count in words: `1.3 billion`."""
    for size, word in _COUNT_UNITS:
        if count >= size:
            return f"{count / size:.1f} {word}"
    return f"{count:,}"

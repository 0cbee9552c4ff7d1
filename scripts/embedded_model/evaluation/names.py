"""Which names of a line come from other files of its project."""

from __future__ import annotations

import re
from collections.abc import Iterable

from scripts.embedded_model.collect import SourceFile

MIN_NAME_CHARS = 3

_WORD = re.compile(r"[A-Za-z_]\w*")
_DEFINED = re.compile(
    r"^[ \t]*(?:class|async def|def)\s+(\w+)|^([A-Z_][A-Z0-9_]+)\s*[:=]", re.MULTILINE
)


def foreign_names(file: SourceFile, blocks: Iterable[str]) -> frozenset[str]:
    """Names that the blocks define and the file does not."""
    own = _defined(file.text)
    return frozenset(name for block in blocks for name in _defined(block) if name not in own)


def uses_name(line: str, names: frozenset[str]) -> bool:
    """Whether one of the names stands in a line as a whole word."""
    return not names.isdisjoint(_WORD.findall(line))


def _defined(text: str) -> frozenset[str]:
    found = (one or other for one, other in _DEFINED.findall(text))
    is_special = re.compile(r"__\w+__$")
    return frozenset(n for n in found if len(n) >= MIN_NAME_CHARS and not is_special.match(n))

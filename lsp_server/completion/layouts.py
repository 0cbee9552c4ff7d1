"""What the end and the beginning of a line mean in a language: data, by LSP language id.

A language that is not listed is taken for one of the many with braces; colons open blocks in
so many of the others that they count there, too.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """How a language marks blocks and comments.

    Attributes:
        block_openers: What a line ends with when the next ones belong to it, besides an
            opening bracket.
        line_comments: What a comment to the end of the line begins with.
    """

    block_openers: tuple[str, ...]
    line_comments: tuple[str, ...]


_BRACES = Layout(block_openers=(), line_comments=("//",))
_COLON = Layout(block_openers=(":",), line_comments=("#",))
_WORDS = Layout(block_openers=(" do", " then"), line_comments=("#",))
_UNKNOWN = Layout(block_openers=(":",), line_comments=("//", "#"))

_LAYOUTS = {
    "c": _BRACES,
    "cpp": _BRACES,
    "csharp": _BRACES,
    "dart": _BRACES,
    "elixir": _WORDS,
    "go": _BRACES,
    "java": _BRACES,
    "javascript": _BRACES,
    "javascriptreact": _BRACES,
    "kotlin": _BRACES,
    "lua": Layout(block_openers=(" do", " then", "else", "repeat"), line_comments=("--",)),
    "php": Layout(block_openers=(), line_comments=("//", "#")),
    "python": _COLON,
    "ruby": Layout(block_openers=(" do", " then", "else", "begin"), line_comments=("#",)),
    "rust": _BRACES,
    "scala": Layout(block_openers=("=", ":"), line_comments=("//",)),
    "shellscript": Layout(block_openers=(" do", " then", "else"), line_comments=("#",)),
    "swift": _BRACES,
    "typescript": _BRACES,
    "typescriptreact": _BRACES,
    "yaml": _COLON,
}


def layout_of(language: str) -> Layout:
    """Return the layout of a language; never fails."""
    return _LAYOUTS.get(language, _UNKNOWN)

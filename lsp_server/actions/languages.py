"""What actions have to know of a language: data, by the language's folder in `context`."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType


class DocPlace(enum.Enum):
    """Where the documentation of a definition stands."""

    INSIDE = "as the first statement of the body"
    ABOVE = "on the rows above the definition"


@dataclass(frozen=True, slots=True)
class DocStyle:
    """How a definition is documented.

    Attributes:
        title: What a menu calls it.
        place: Where it stands.
        opener: What it begins with; `{name}` is the definition's name.
        closer: What it ends with; empty for a comment to the end of the line.
        stop: Text that ends it when the model writes it; empty to stop at the end of the line.
        row: What each further row begins with, and the one of the closer.
        unwanted: Characters that must not stand right before the closer.
    """

    title: str
    place: DocPlace
    opener: str
    closer: str = ""
    stop: str = ""
    row: str = ""
    unwanted: str = ""


@dataclass(frozen=True, slots=True)
class ActionLanguage:
    """One language.

    Attributes:
        doc: How a definition is documented.
        placeholder: Regular expression of a statement that stands for a body to be written.
        indentation: What a deeper row begins with where the document does not show it.
    """

    doc: DocStyle
    placeholder: str
    indentation: str = "    "


_DOCSTRING = DocStyle(
    "Write a docstring", DocPlace.INSIDE, '"""', '"""', stop='"""', unwanted='"\\'
)
_BLOCK_COMMENT = DocStyle(
    "Write a doc comment", DocPlace.ABOVE, "/** ", " */", stop="*/", row=" * ", unwanted="*/"
)
_THROW = r"throw new \w+\s*\(.*\);?"
_ECMASCRIPT = ActionLanguage(_BLOCK_COMMENT, _THROW, "  ")

_LANGUAGES: Mapping[str, ActionLanguage] = MappingProxyType(
    {
        "python": ActionLanguage(_DOCSTRING, r"pass|\.\.\.|raise NotImplementedError(?:\(.*\))?"),
        "javascript": _ECMASCRIPT,
        "typescript": _ECMASCRIPT,
        "tsx": _ECMASCRIPT,
        "java": ActionLanguage(_BLOCK_COMMENT, _THROW),
        "go": ActionLanguage(
            DocStyle("Write a doc comment", DocPlace.ABOVE, "// {name} "),
            r"panic\(.*\)",
            "\t",
        ),
        "rust": ActionLanguage(
            DocStyle("Write a doc comment", DocPlace.ABOVE, "/// "),
            r"(?:todo|unimplemented|panic)!\(.*\);?",
        ),
    }
)


def action_language(folder: str) -> ActionLanguage | None:
    """Return what is known of a language; `folder` is that of its facts."""
    return _LANGUAGES.get(folder)

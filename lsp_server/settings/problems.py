"""Where a setting came from, and what was wrong with it.

A wrong setting never stops Bantam: the value of the layer below is used, and the problem is
shown to the user by whoever loaded the settings.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from lsp_server.settings.schema import Settings

#: A value is shown in a message up to this many characters.
_MAX_SHOWN_CHARS = 60


class SettingSource(enum.Enum):
    """Who set a value, in the words that a message uses."""

    FILE = "settings file"
    ENVIRONMENT = "environment"
    COMMAND_LINE = "command line"
    INITIALIZATION_OPTIONS = "initialization options"
    WORKSPACE = "workspace configuration"

    @property
    def is_trusted(self) -> bool:
        """Whether only the user, and no opened project, can write there."""
        return self is not SettingSource.WORKSPACE


@dataclass(frozen=True, slots=True)
class SettingProblem:
    """One value that was not used.

    Attributes:
        source: Where it was set.
        key: The setting, or what was written in its place; empty for a whole file.
        message: What is wrong, what is allowed and what happens instead, for the user.
    """

    source: SettingSource
    key: str
    message: str

    def __str__(self) -> str:
        return self.message


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings that can be used, and what was wrong on the way.

    Attributes:
        settings: Complete and within all bounds.
        problems: In the order in which they were found.
    """

    settings: Settings
    problems: tuple[SettingProblem, ...] = ()


def shown(value: object) -> str:
    """Return a value as a message shows it: on one line, without control characters, short."""
    text = repr(value)
    if len(text) > _MAX_SHOWN_CHARS:
        return text[: _MAX_SHOWN_CHARS - 1] + "…"
    return text

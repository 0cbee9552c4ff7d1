"""The settings as a flat list, read from the schema: key, type, default, bounds, meaning.

The loader, the reference table and the command line work on this list, so that a new setting
is one line in `schema.py`.
"""

from __future__ import annotations

import functools
import typing
from dataclasses import dataclass
from typing import Any

import msgspec
from msgspec import inspect

from lsp_server.settings.schema import USER_ONLY, Settings


@dataclass(frozen=True, slots=True)
class SettingField:
    """One setting.

    Attributes:
        key: Group and name, as in `completion.max_tokens`.
        group: Its TOML table.
        name: Its name in that table.
        type: What `msgspec.convert` checks a value against, bounds included.
        default: The value when nobody sets it.
        description: What it does; one sentence or two, in Markdown.
        is_user_only: Whether a workspace may not choose it.
    """

    key: str
    group: str
    name: str
    type: Any
    default: object
    description: str
    is_user_only: bool

    @property
    def environment_variable(self) -> str:
        """The environment variable that sets it."""
        return f"BANTAM_{self.group}_{self.name}".upper()

    @property
    def allowed(self) -> str:
        """The values that it takes, in words: `an integer from 1 to 1024`."""
        literals = typing.get_args(typing.get_args(self.type)[0])
        if literals:
            return "one of " + ", ".join(f'"{literal}"' for literal in literals)
        return _allowed(inspect.type_info(self.type))


@functools.cache
def setting_fields() -> dict[str, SettingField]:
    """Return every setting by its key, in the order of the schema."""
    return {
        field.key: field
        for group, struct in setting_groups().items()
        for field in _fields_of_group(group, struct)
    }


@functools.cache
def setting_groups() -> dict[str, type[msgspec.Struct]]:
    """Return every group of settings by its name, in the order of the schema."""
    hints = typing.get_type_hints(Settings).items()
    return {name: hint for name, hint in hints if isinstance(hint, type(msgspec.Struct))}


def _fields_of_group(group: str, struct: type[msgspec.Struct]) -> list[SettingField]:
    types = typing.get_type_hints(struct, include_extras=True)
    return [
        SettingField(
            key=f"{group}.{field.name}",
            group=group,
            name=field.name,
            type=types[field.name],
            default=field.default,
            description=_description(types[field.name]),
            is_user_only=f"{group}.{field.name}" in USER_ONLY,
        )
        for field in msgspec.structs.fields(struct)
    ]


def _description(annotated: Any) -> str:
    metas = [meta for meta in typing.get_args(annotated) if isinstance(meta, msgspec.Meta)]
    texts = [meta.description for meta in metas if meta.description]
    assert texts, f"every setting has a description, but {annotated} has none"
    return texts[0]


def _allowed(info: inspect.Type) -> str:
    match info:
        case inspect.Metadata():
            return _allowed(info.type)
        case inspect.IntType(ge=low, le=high):
            return "an integer" + _bounds(low, high)
        case inspect.FloatType(ge=low, le=high):
            return "a number" + _bounds(low, high)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType(min_length=length):
            return "a text that is not empty" if length else "a text"
    raise AssertionError(f"say in words which values {info} takes")


def _bounds(low: float | None, high: float | None) -> str:
    if low is not None and high is not None:
        return f" from {low:,} to {high:,}"
    if low is not None:
        return f", {low:,} or more"
    return "" if high is None else f", {high:,} or less"

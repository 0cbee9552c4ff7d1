"""Put one layer of values over settings, value by value.

Every source of settings ends here: a file, the environment, a client's answer.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from lsp_server.settings.fields import SettingField, setting_fields, setting_groups
from lsp_server.settings.problems import LoadedSettings, SettingProblem, SettingSource, shown
from lsp_server.settings.schema import Settings


@dataclass(frozen=True, slots=True)
class Layer:
    """Values of one source.

    Attributes:
        source: Where they come from.
        origin: The same for a message, with the file's name where there is one.
        values: By key (`completion.max_tokens`).
        is_text: Whether numbers are written as text, as in environment variables.
        user_place: Where the user can set what a workspace may not.
    """

    source: SettingSource
    origin: str
    values: Mapping[str, object]
    is_text: bool = False
    user_place: str = "your own settings file"


def flatten(values: Mapping[str, object]) -> dict[str, object]:
    """Return nested groups as one mapping from key to value.

    A key that is written with its dot already stays as it is.  `None` means "not set".
    """
    flat: dict[str, object] = {}
    for name, value in values.items():
        if name in setting_groups() and isinstance(value, Mapping):
            flat |= {f"{name}.{inner}": item for inner, item in value.items()}
        else:
            flat[str(name)] = value
    return {key: value for key, value in flat.items() if value is not None}


def apply_layer(base: Settings, layer: Layer) -> LoadedSettings:
    """Return `base` with every good value of the layer, and a problem for each other one."""
    changes: dict[str, dict[str, object]] = {}
    problems: list[SettingProblem] = []
    for key, value in layer.values.items():
        field = setting_fields().get(key)
        if field is None:
            problems.append(_unknown(key, value, layer))
        elif field.is_user_only and not layer.source.is_trusted:
            problems.append(_refused(field, layer))
        else:
            try:
                converted = msgspec.convert(value, field.type, strict=not layer.is_text)
            except msgspec.ValidationError:
                problems.append(_wrong(field, value, layer, _value_of(base, field)))
            else:
                changes.setdefault(field.group, {})[field.name] = converted
    groups = {
        group: msgspec.structs.replace(getattr(base, group), **values)
        for group, values in changes.items()
    }
    chosen = base.chosen.union(f"{group}.{name}" for group in changes for name in changes[group])
    return LoadedSettings(msgspec.structs.replace(base, **groups, chosen=chosen), tuple(problems))


def _nearest_key(key: str) -> str | None:
    """Return the known setting that a wrong key was probably meant to be."""
    known = list(setting_fields())
    if matches := difflib.get_close_matches(key, known, n=1, cutoff=0.75):
        return matches[0]
    of_name = {known_key.partition(".")[2]: known_key for known_key in reversed(known)}
    name = key.rpartition(".")[2]
    matches = difflib.get_close_matches(name, list(of_name), n=1, cutoff=0.75)
    return of_name[matches[0]] if matches else None


def _value_of(settings: Settings, field: SettingField) -> object:
    return getattr(getattr(settings, field.group), field.name)


def _wrong(field: SettingField, value: object, layer: Layer, used: object) -> SettingProblem:
    return SettingProblem(
        layer.source,
        field.key,
        f"{layer.origin}: {field.key} is {shown(value)}, but it must be {field.allowed}; "
        f"{shown(used)} is used instead",
    )


def _refused(field: SettingField, layer: Layer) -> SettingProblem:
    return SettingProblem(
        layer.source,
        field.key,
        f"{layer.origin}: {field.key} is ignored, because a project must not choose it; "
        f"set it in {layer.user_place} or in your editor's initialization options for Bantam",
    )


def _nearest_group(name: str) -> str | None:
    matches = difflib.get_close_matches(name, list(setting_groups()), n=1)
    return matches[0] if matches else None


def _unknown(key: str, value: object, layer: Layer) -> SettingProblem:
    if key in setting_groups():
        text = f"{key} is {shown(value)}, but it is a group and must hold settings of its own"
    elif isinstance(value, Mapping) and (group := _nearest_group(key)):
        text = f"there is no group of settings {shown(key)}; did you mean {group}?"
    elif nearest := _nearest_key(key):
        text = f"there is no setting {shown(key)}; did you mean {nearest}?"
    else:
        text = f"there is no setting {shown(key)}; docs/settings.md lists them all"
    return SettingProblem(layer.source, key, f"{layer.origin}: {text}")

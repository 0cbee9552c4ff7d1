"""The reference tables of all settings in Markdown, made from the schema."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lsp_server.settings.fields import SettingField, setting_fields, setting_groups


def settings_tables() -> str:
    """Return one Markdown section with a table for each group of settings."""
    return "\n".join(_section(group) for group in setting_groups())


def _section(group: str) -> str:
    fields = [field for field in setting_fields().values() if field.group == group]
    return "\n".join([f"## {group}", "", _summary(group), "", *_table(fields), ""])


def _summary(group: str) -> str:
    return (setting_groups()[group].__doc__ or "").partition("\n")[0]


def _table(fields: list[SettingField]) -> Iterator[str]:
    yield "| Setting | Default | Allowed | Project | Meaning |"
    yield "| --- | --- | --- | --- | --- |"
    for field in fields:
        project = "no" if field.is_user_only else "yes"
        cells = [f"`{field.key}`", f"`{json.dumps(field.default)}`", field.allowed, project]
        yield "| " + " | ".join([*cells, field.description]).replace("\n", " ") + " |"

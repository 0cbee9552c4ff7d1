"""The flat list of settings, and what it says of each."""

from __future__ import annotations

import msgspec
import pytest

from lsp_server.settings.fields import setting_fields
from lsp_server.settings.schema import Settings
from lsp_server.settings.table import settings_tables


@pytest.mark.parametrize("key", list(setting_fields()))
def test_every_setting_is_described_in_a_sentence(key: str) -> None:
    description = setting_fields()[key].description
    assert description.endswith(".")
    assert "|" not in description, "it would end the cell of a Markdown table"


@pytest.mark.parametrize("key", list(setting_fields()))
def test_every_default_is_allowed(key: str) -> None:
    field = setting_fields()[key]
    assert msgspec.convert(field.default, field.type) == field.default


def test_defaults_are_those_of_the_settings() -> None:
    of_schema = {
        f"{group}.{name}": value
        for group, values in msgspec.to_builtins(Settings()).items()
        if group != "chosen"
        for name, value in values.items()
    }
    assert {key: field.default for key, field in setting_fields().items()} == of_schema


@pytest.mark.parametrize(
    ("key", "allowed"),
    [
        ("completion.max_tokens", "an integer from 1 to 1,024"),
        ("engine.unload_after_s", "an integer, 1 or more"),
        ("completion.temperature", "a number from 0.0 to 2.0"),
        ("completion.popup", 'one of "auto", "on", "off"'),
        ("model.name", "a text that is not empty"),
    ],
)
def test_allowed_values_in_words(key: str, allowed: str) -> None:
    assert setting_fields()[key].allowed == allowed


def test_environment_variables_are_named_after_the_key() -> None:
    variable = setting_fields()["completion.max_tokens"].environment_variable
    assert variable == "BANTAM_COMPLETION_MAX_TOKENS"


def test_the_table_has_a_row_for_every_setting() -> None:
    rows = [line for line in settings_tables().splitlines() if line.startswith("| `")]
    assert [row.split("`")[1] for row in rows] == list(setting_fields())

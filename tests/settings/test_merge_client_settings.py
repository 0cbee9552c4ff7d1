"""What an editor sends: trusted initialization options, and a workspace that is not."""

from __future__ import annotations

import pytest

from lsp_server.directories import Directories
from lsp_server.settings.fields import setting_fields
from lsp_server.settings.load import merge_client_settings
from lsp_server.settings.problems import LoadedSettings, SettingSource
from lsp_server.settings.schema import USER_ONLY, CompletionSettings, Settings


def merge(values: object, source: SettingSource) -> LoadedSettings:
    return merge_client_settings(Settings(), values, source=source)


@pytest.mark.parametrize("source", [SettingSource.WORKSPACE, SettingSource.INITIALIZATION_OPTIONS])
def test_a_client_sets_completion_settings(source: SettingSource) -> None:
    loaded = merge({"completion": {"max_tokens": 5, "popup": None}, "model": None}, source)
    assert loaded == LoadedSettings(
        Settings(
            completion=CompletionSettings(max_tokens=5),
            chosen=frozenset({"completion.max_tokens"}),
        )
    )


def test_keys_with_dots_mean_the_same() -> None:
    loaded = merge({"completion.max_tokens": 5}, SettingSource.WORKSPACE)
    assert loaded == LoadedSettings(
        Settings(
            completion=CompletionSettings(max_tokens=5),
            chosen=frozenset({"completion.max_tokens"}),
        )
    )


@pytest.mark.parametrize("key", sorted(USER_ONLY))
def test_a_workspace_cannot_choose_what_is_the_users(
    key: str, bantam_directories: Directories
) -> None:
    group, _, name = key.partition(".")
    values: dict[str, str | int] = {
        "engine.library": "ctransformers",
        "engine.max_connections": 100,
        "engine.max_prompt_chars": 1_000,
        "log.level": "debug",
        "model.name": "/tmp/evil.gguf",
        "remote.infill": "suffix",
    }
    number = 1_000 if group == "remote" or name.startswith("target_") else 7
    of_type = {str: "https://evil.example", bool: True, int: number}
    value = values.get(key, of_type[type(setting_fields()[key].default)])

    refused = merge({group: {name: value}}, SettingSource.WORKSPACE)
    assert refused.settings == Settings()
    assert [problem.key for problem in refused.problems] == [key]
    assert str(bantam_directories.config_file) in refused.problems[0].message

    trusted = merge({group: {name: value}}, SettingSource.INITIALIZATION_OPTIONS)
    assert trusted.problems == ()
    assert getattr(getattr(trusted.settings, group), name) == value


def test_only_what_is_written_and_when_is_open_to_a_workspace() -> None:
    """Whoever adds a group of settings decides here whether a project may choose in it."""
    is_open = {key for key, field in setting_fields().items() if not field.is_user_only}
    open_groups = ("actions.", "completion.")
    assert is_open == {key for key in setting_fields() if key.startswith(open_groups)}
    assert set(setting_fields()) >= USER_ONLY


@pytest.mark.parametrize("values", [[], "on", 3, True])
def test_anything_but_an_object_is_one_problem(values: object) -> None:
    loaded = merge(values, SettingSource.WORKSPACE)
    assert loaded.settings == Settings()
    assert "must be an object" in loaded.problems[0].message


def test_nothing_sent_changes_nothing() -> None:
    assert merge(None, SettingSource.WORKSPACE) == LoadedSettings(Settings())


def test_good_values_beside_a_bad_one_are_used() -> None:
    loaded = merge(
        {"completion": {"max_tokens": "x", "max_lines": 2}}, SettingSource.INITIALIZATION_OPTIONS
    )
    assert loaded.settings.completion == CompletionSettings(max_lines=2)
    assert loaded.problems[0].key == "completion.max_tokens"


def test_what_is_set_to_its_default_is_chosen_all_the_same() -> None:
    default = CompletionSettings().max_tokens
    loaded = merge({"completion.max_tokens": default}, SettingSource.WORKSPACE)
    assert loaded.settings.is_chosen("completion.max_tokens")
    assert not loaded.settings.is_chosen("completion.prefix_chars")
    assert loaded.settings.completion == CompletionSettings()


def test_a_value_that_is_refused_is_not_chosen() -> None:
    loaded = merge({"completion.max_tokens": 0}, SettingSource.WORKSPACE)
    assert not loaded.settings.is_chosen("completion.max_tokens")


def test_a_value_other_than_the_default_is_chosen_by_whomever() -> None:
    settings = Settings(completion=CompletionSettings(max_tokens=5))
    assert settings.is_chosen("completion.max_tokens")

"""Settings from the file, the environment and the command line, and what goes wrong there."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.directories import Directories
from lsp_server.settings.load import load_user_settings
from lsp_server.settings.problems import LoadedSettings, SettingSource
from lsp_server.settings.schema import Settings


def load(
    tmp_path: Path, toml: str = "", environment: dict[str, str] | None = None, **overrides: object
) -> LoadedSettings:
    path = tmp_path / "config.toml"
    path.write_text(toml, encoding="utf-8")
    return load_user_settings(
        config_file=path,
        environment=environment or {},
        overrides={key.replace("__", "."): value for key, value in overrides.items()},
    )


def only_message(loaded: LoadedSettings) -> str:
    assert len(loaded.problems) == 1, loaded.problems
    return loaded.problems[0].message


def test_without_a_file_every_setting_has_its_default(tmp_path: Path) -> None:
    loaded = load_user_settings(config_file=tmp_path / "none.toml", environment={})
    assert loaded == LoadedSettings(Settings())


def test_the_file_is_found_in_the_configuration_folder(bantam_directories: Directories) -> None:
    bantam_directories.config.mkdir(parents=True)
    bantam_directories.config_file.write_text("[completion]\nmax_lines = 3\n")
    assert load_user_settings().settings.completion.max_lines == 3


def test_layers_go_from_file_to_environment_to_command_line(tmp_path: Path) -> None:
    loaded = load(
        tmp_path,
        "[completion]\nmax_tokens = 10\nmax_lines = 2\nmax_ms = 700\n",
        {"BANTAM_COMPLETION_MAX_TOKENS": "20", "BANTAM_COMPLETION_MAX_LINES": "4"},
        completion__max_tokens=30,
        completion__max_ms=None,
    )
    completion = loaded.settings.completion
    assert (completion.max_tokens, completion.max_lines, completion.max_ms) == (30, 4, 700)
    assert loaded.problems == ()


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("max_tokens = 0", ["completion.max_tokens is 0", "an integer from 1 to 1,024", "64"]),
        ("max_tokens = 1.5", ["is 1.5", "an integer"]),
        ('max_tokens = "9"', ["is '9'", "an integer"]),
        ("max_tokens = true", ["is True", "an integer"]),
        ('popup = "yes"', ["'yes'", '"auto", "on", "off"', "'auto' is used"]),
        ("temperature = -1", ["is -1", "a number from 0.0 to 2.0", "0.0 is used"]),
        ("max_tokens = [1, 2]", ["[1, 2]", "an integer"]),
    ],
)
def test_a_bad_value_is_named_with_what_is_allowed_and_not_used(
    tmp_path: Path, line: str, named: list[str]
) -> None:
    loaded = load(tmp_path, f"[completion]\n{line}\nmax_lines = 2\n")
    message = only_message(loaded)
    assert str(tmp_path / "config.toml") in message
    for part in named:
        assert part in message
    assert loaded.settings.completion.max_lines == 2
    assert loaded.settings.completion.max_tokens == 64
    assert loaded.settings.completion.popup == "auto"


def test_a_bad_value_falls_back_to_the_layer_below(tmp_path: Path) -> None:
    loaded = load(
        tmp_path, "[completion]\nmax_tokens = 10\n", {"BANTAM_COMPLETION_MAX_TOKENS": "many"}
    )
    assert loaded.settings.completion.max_tokens == 10
    assert "BANTAM_COMPLETION_MAX_TOKENS" in only_message(loaded)
    assert "10 is used instead" in only_message(loaded)


@pytest.mark.parametrize(
    ("toml", "meant"),
    [
        ("[completion]\nmax_token = 3\n", "completion.max_tokens"),
        ("[model]\nthreads = 3\n", "engine.threads"),
        ("max_tokens = 3\n", "completion.max_tokens"),
        ("[completions]\nmax_tokens = 3\n", "did you mean completion?"),
        ("engine = 3\n", "it is a group"),
        ("[completion]\nzzzz = 3\n", "docs/settings.md"),
        ("zzzz = 3\n", "docs/settings.md"),
    ],
)
def test_an_unknown_key_is_reported_with_the_nearest(tmp_path: Path, toml: str, meant: str) -> None:
    loaded = load(tmp_path, toml)
    assert meant in only_message(loaded)
    assert loaded.settings == Settings()


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (b"[completion\n", "line 1"),
        (b"[model]\nname = '\xff'\n", "not UTF-8"),
        (b"a = 1\na = 2\n", "TOML"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_one_problem(
    tmp_path: Path, content: bytes, named: str
) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    loaded = load_user_settings(config_file=path, environment={})
    assert loaded.settings == Settings()
    assert named in only_message(loaded)
    assert str(path) in only_message(loaded)


def test_a_folder_in_the_place_of_the_file_is_one_problem(tmp_path: Path) -> None:
    loaded = load_user_settings(config_file=tmp_path, environment={})
    assert "cannot be read" in only_message(loaded)


def test_a_long_or_strange_value_is_shown_safely(tmp_path: Path) -> None:
    loaded = load(tmp_path, log__level="\x1b[31m\n" + "x" * 1_000)
    message = only_message(loaded)
    assert "\x1b" not in message
    assert "\n" not in message
    assert len(message) < 250


@pytest.mark.parametrize(
    "variable",
    ["BANTAM_CONFIG_HOME", "BANTAM_RUNTIME_DIR", "BANTAM_TEST_MODEL", "BANTAM_LOG_LEVEL", "PATH"],
)
def test_other_variables_are_left_alone(tmp_path: Path, variable: str) -> None:
    assert load(tmp_path, environment={variable: ""}).problems == ()
    if variable != "BANTAM_LOG_LEVEL":
        assert load(tmp_path, environment={variable: "/somewhere"}).problems == ()


def test_an_unknown_variable_is_reported_with_the_nearest(tmp_path: Path) -> None:
    loaded = load(tmp_path, environment={"BANTAM_MODEL": "x"})
    assert "BANTAM_MODEL_NAME" in only_message(loaded)
    assert loaded.problems[0].source is SettingSource.ENVIRONMENT

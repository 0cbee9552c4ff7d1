"""Load the user's settings, and merge what an editor sends over them.

From the lowest layer to the highest: defaults, the user's TOML file, the environment, the
command line; then, in a language server, initialization options and the client's
`workspace/configuration`.  No settings file is ever read from a workspace.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path

from lsp_server.directories import directories
from lsp_server.settings.environment import apply_environment
from lsp_server.settings.layer import Layer, apply_layer, flatten
from lsp_server.settings.problems import LoadedSettings, SettingProblem, SettingSource, shown
from lsp_server.settings.schema import Settings


def load_user_settings(
    *,
    config_file: Path | None = None,
    environment: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> LoadedSettings:
    """Load what the user set on this machine.

    Args:
        config_file: The TOML file; the default is the one of `directories()`.  It need not
            exist.
        environment: The default is `os.environ`.
        overrides: From the command line, by key (`model.name`); `None` values are not set.

    Returns:
        Complete settings; whatever could not be used is a problem and not an exception.

    Raises:
        ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
    """
    path = directories().config_file if config_file is None else config_file
    from_file = _apply_file(Settings(), path)
    from_environment = apply_environment(
        from_file.settings, os.environ if environment is None else environment
    )
    from_command_line = apply_layer(
        from_environment.settings,
        Layer(
            source=SettingSource.COMMAND_LINE,
            origin=SettingSource.COMMAND_LINE.value,
            values=flatten(overrides or {}),
        ),
    )
    return LoadedSettings(
        from_command_line.settings,
        from_file.problems + from_environment.problems + from_command_line.problems,
    )


def merge_client_settings(
    base: Settings, values: object, *, source: SettingSource
) -> LoadedSettings:
    """Return `base` with what an LSP client sent.

    Args:
        base: The settings below.
        values: Groups of settings as JSON gives them; `None` means that nothing was sent.
        source: `INITIALIZATION_OPTIONS`, or `WORKSPACE`: then settings that a project must
            not choose are refused.
    """
    if values is None:
        return LoadedSettings(base)
    if not isinstance(values, Mapping):
        return LoadedSettings(base, (_not_an_object(values, source),))
    return apply_layer(
        base,
        Layer(
            source=source,
            origin=source.value,
            values=flatten(values),
            user_place=str(directories().config_file),
        ),
    )


def _not_an_object(values: object, source: SettingSource) -> SettingProblem:
    return SettingProblem(
        source,
        "",
        f"{source.value}: {shown(values)} was sent, but it must be an object of settings such "
        'as {"completion": {"max_tokens": 64}}; it is ignored',
    )


def _apply_file(base: Settings, path: Path) -> LoadedSettings:
    try:
        text = path.read_text(encoding="utf-8")
        values = tomllib.loads(text)
    except FileNotFoundError:
        return LoadedSettings(base)
    except OSError as error:
        return _unreadable(base, path, f"cannot be read: {error.strerror}")
    except UnicodeDecodeError as error:
        return _unreadable(base, path, f"is not UTF-8 (byte {error.start})")
    except tomllib.TOMLDecodeError as error:
        return _unreadable(base, path, f"is not TOML: {error}")
    return apply_layer(
        base, Layer(source=SettingSource.FILE, origin=str(path), values=flatten(values))
    )


def _unreadable(base: Settings, path: Path, what: str) -> LoadedSettings:
    problem = SettingProblem(
        SettingSource.FILE, "", f"the settings file {path} {what}; its settings are ignored"
    )
    return LoadedSettings(base, (problem,))

"""The user's settings for one command, with everything wrong in them said once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from lsp_server.cli.border import warn
from lsp_server.cli.document import absolute
from lsp_server.errors import UsageError
from lsp_server.models.engine_names import split_library, with_library
from lsp_server.settings.load import load_user_settings
from lsp_server.settings.problems import SettingSource
from lsp_server.settings.schema import LibraryName, Settings


def settings_or_fail(overrides: Mapping[str, object]) -> Settings:
    """Load the settings; warn of bad ones, and fail for a bad option.

    Args:
        overrides: Options of the command line by setting; `None` is not set.

    Raises:
        UsageError: An option has a value that its setting does not take.
    """
    loaded = load_user_settings(overrides=overrides)
    for problem in loaded.problems:
        if problem.source is SettingSource.COMMAND_LINE:
            message, _, _ = problem.message.rpartition(";")
            raise UsageError(message)
        warn(problem.message)
    return loaded.settings


def model_name(typed: str | None) -> str | None:
    """Return what `--model` names: a path to a file becomes absolute, a catalogue id stays.

    So does the library that may be chosen before it (`ctransformers:model.gguf`).

    Raises:
        UsageError: The path is no text, so it cannot be told to the engine.
    """
    if typed is None:
        return None
    if any("\ud800" <= char <= "\udfff" for char in typed):
        raise UsageError(f"the path of the model, {typed}, is not UTF-8; rename the file")
    library, plain_name = split_library(typed)
    path = Path(plain_name).expanduser()
    looks_like_path = path.suffix.lower() == ".gguf" or len(path.parts) > 1
    name = str(absolute(path)) if looks_like_path else plain_name
    return name if library is None else with_library(name, library)


def model_overrides(typed: str | None) -> dict[str, object]:
    """Return the settings that `--model` chooses: a model that is named runs on this machine.

    Text never goes to a remote server for a model that somebody has named here.
    """
    if typed is None:
        return {}
    return {"model.name": model_name(typed), "remote.url": ""}


def with_engine(settings: Settings, library: LibraryName | None) -> Settings:
    """Return settings whose model is run by what `--engine` names; `None` changes nothing."""
    if library is None:
        return settings
    name = with_library(settings.model.name, library)
    model = msgspec.structs.replace(settings.model, name=name)
    remote = msgspec.structs.replace(settings.remote, url="")
    return msgspec.structs.replace(settings, model=model, remote=remote)

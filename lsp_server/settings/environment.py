"""Settings from environment variables: `BANTAM_COMPLETION_MAX_TOKENS=32`."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from lsp_server.settings.fields import setting_fields
from lsp_server.settings.layer import Layer, apply_layer
from lsp_server.settings.problems import LoadedSettings, SettingProblem, SettingSource
from lsp_server.settings.schema import Settings

_PREFIX = "BANTAM_"

#: Variables that are no settings: folders (`directories.py`) and what belongs to our tests.
_OTHER_VARIABLES = frozenset(
    {
        "BANTAM_CONFIG_HOME",
        "BANTAM_STATE_HOME",
        "BANTAM_CACHE_HOME",
        "BANTAM_DATA_HOME",
        "BANTAM_RUNTIME_DIR",
    }
)
_OTHER_PREFIXES = ("BANTAM_TEST_", "BANTAM_DEV_")


def apply_environment(base: Settings, environment: Mapping[str, str]) -> LoadedSettings:
    """Return `base` with the settings that the environment gives; empty variables are unset."""
    field_of = {field.environment_variable: field for field in setting_fields().values()}
    settings = base
    problems: list[SettingProblem] = []
    for variable in sorted(environment):
        text = environment[variable]
        if not text or not _is_setting(variable):
            continue
        if variable not in field_of:
            problems.append(_unknown(variable, list(field_of)))
            continue
        loaded = apply_layer(
            settings,
            Layer(
                source=SettingSource.ENVIRONMENT,
                origin=f"environment variable {variable}",
                values={field_of[variable].key: text},
                is_text=True,
            ),
        )
        settings = loaded.settings
        problems += loaded.problems
    return LoadedSettings(settings, tuple(problems))


def _is_setting(variable: str) -> bool:
    return (
        variable.startswith(_PREFIX)
        and variable not in _OTHER_VARIABLES
        and not variable.startswith(_OTHER_PREFIXES)
    )


def _unknown(variable: str, known: list[str]) -> SettingProblem:
    matches = difflib.get_close_matches(variable, [*known, *sorted(_OTHER_VARIABLES)], n=1)
    remedy = f"did you mean {matches[0]}?" if matches else "docs/settings.md lists them all"
    return SettingProblem(
        SettingSource.ENVIRONMENT,
        variable,
        f"environment variable {variable}: there is no such setting; {remedy}",
    )

"""The settings of this server, from all who may set them, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from lsp_server.server.client import SETTINGS_SECTION
from lsp_server.settings.load import load_user_settings, merge_client_settings
from lsp_server.settings.problems import LoadedSettings, SettingSource
from lsp_server.settings.schema import Settings


class Configuration:
    """Two layers: what the user alone can set, and what the client says of the workspace.

    Attributes:
        settings: What counts now.
    """

    def __init__(self, overrides: Mapping[str, object], show: Callable[[str], None]) -> None:
        """Start with the defaults.

        Args:
            overrides: From the command line, by key.
            show: Shows a message to the user.
        """
        self.settings = Settings()
        self._overrides = overrides
        self._show = show
        self._trusted = LoadedSettings(Settings())
        self._shown: set[str] = set()

    def load(self, initialization_options: object) -> None:
        """Load the user's own settings, with those of the editor's start over them.

        Raises:
            ConfigError: A `BANTAM_*_HOME` variable holds a relative path.
        """
        user = load_user_settings(overrides=self._overrides)
        merged = merge_client_settings(
            user.settings, initialization_options, source=SettingSource.INITIALIZATION_OPTIONS
        )
        self._trusted = LoadedSettings(merged.settings, user.problems + merged.problems)
        self.settings = merged.settings

    def show_problems(self) -> None:
        """Show what was wrong with what `load` found; a client accepts this when initialised."""
        self._show_new(self._trusted)

    def take_workspace(self, values: object) -> bool:
        """Put what the client says of the workspace over the trusted settings.

        Returns:
            Whether that changed anything.
        """
        merged = merge_client_settings(
            self._trusted.settings, values, source=SettingSource.WORKSPACE
        )
        self._show_new(merged)
        has_changed = merged.settings != self.settings
        self.settings = merged.settings
        return has_changed

    def take_pushed(self, pushed: object) -> bool:
        """Take what `workspace/didChangeConfiguration` carries from clients that push."""
        section = pushed.get(SETTINGS_SECTION) if isinstance(pushed, Mapping) else None
        return section is not None and self.take_workspace(section)

    def _show_new(self, loaded: LoadedSettings) -> None:
        for problem in loaded.problems:
            if problem.message not in self._shown:
                self._shown.add(problem.message)
                self._show(f"Bantam: {problem.message}")

"""Keeps an engine that always dies from being started with every keystroke.

A running engine leaves its process id in its lock file and takes it out when it ends on
purpose: an id in a file that nobody holds belonged to an engine that died.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec

from lsp_server.directories import write_refusal
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.errors import EngineStartError

#: So many deaths within this time are a loop.
MAX_DEATHS = 3
WINDOW_S = 60.0

_DECODER = msgspec.json.Decoder(tuple[float, ...])


class CrashGuard:
    """The engine's deaths of the last minute.  Only the holder of `start.lock` uses it."""

    def __init__(self, folder: RuntimeFolder, now_s: Callable[[], float] = time.time) -> None:
        """Look after the engine of a folder.

        Args:
            folder: Where its files are.
            now_s: Seconds since 1970; deaths are remembered across processes.
        """
        self._folder = folder
        self._now_s = now_s

    def check(self) -> None:
        """Note whether the last engine died, and allow the next start unless it is a loop.

        Raises:
            EngineStartError: Too many died lately.
            ConfigError: The files that say so cannot be used.
        """
        if _has_died(self._folder):
            self.note_death()
        deaths_s = self._recent_deaths_s()
        if len(deaths_s) < MAX_DEATHS:
            return
        wait_s = WINDOW_S - (self._now_s() - deaths_s[0])
        raise EngineStartError(
            f"the engine died {len(deaths_s)} times within {WINDOW_S:g} s, so it is not "
            f"started again for {wait_s:.0f} s; {self._folder.log_file} and "
            f"{self._folder.output_file} may say why"
        )

    def note_death(self) -> None:
        """Remember that an engine died now.

        Raises:
            ConfigError: It cannot be written down.
        """
        deaths_s = (*self._recent_deaths_s(), self._now_s())
        deaths_file = self._folder.deaths_file
        try:
            deaths_file.write_bytes(msgspec.json.encode(deaths_s[-MAX_DEATHS:]))
        except OSError as error:
            raise write_refusal(deaths_file, error) from error
        with FileLock(self._folder.engine_lock) as lock:
            if lock.try_acquire():
                lock.write("")

    def _recent_deaths_s(self) -> tuple[float, ...]:
        try:
            deaths_s = _DECODER.decode(self._folder.deaths_file.read_bytes())
        except (FileNotFoundError, msgspec.DecodeError):
            return ()
        except OSError as error:
            raise write_refusal(self._folder.deaths_file, error) from error
        now_s = self._now_s()
        return tuple(death_s for death_s in deaths_s if 0 <= now_s - death_s < WINDOW_S)


def _has_died(folder: RuntimeFolder) -> bool:
    lock = FileLock(folder.engine_lock)
    return lock.read() != "" and not lock.is_held()

"""Measurements on disk: one small JSON file for each model, machine, thread count and engine."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import tempfile
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import msgspec

import lsp_server
from lsp_server.directories import make_private
from lsp_server.engine.cost_model import Measurements
from lsp_server.engine.machine import num_usable_cores, processor_name
from lsp_server.errors import ConfigError
from lsp_server.models.catalogue import find_model
from lsp_server.models.engine_names import split_library
from lsp_server.settings.schema import EngineSettings, LibraryName

logger = logging.getLogger(__name__)

#: Changes whenever the same numbers would mean something else.
_FORMAT = 2
_FOLDER = "calibration"
_MAX_FILE_BYTES = 64 * 1024
_PACKAGES: dict[LibraryName, str] = {
    "llama.cpp": "llama-cpp-python",
    "ctransformers": "ctransformers",
}


class CalibrationKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What measurements depend on.

    Attributes:
        file_name: Name of the model's file.
        file_bytes: Its size.
        file_mtime_ns: When it was changed last.
        engine: Library and versions.
        processor: What the processor calls itself.
        num_cores: Cores that the engine may use.
        num_threads: Threads that it uses.
        context_tokens: The setting; moving cells costs by all of them.
    """

    file_name: str
    file_bytes: int
    file_mtime_ns: int
    engine: str
    processor: str
    num_cores: int
    num_threads: int
    context_tokens: int


class _File(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    format: int
    key: CalibrationKey
    measured: Measurements


_decoder = msgspec.json.Decoder(_File)


def calibration_key(model: str, settings: EngineSettings) -> CalibrationKey:
    """Return the key of a model's measurements with these settings on this machine.

    Raises:
        ModelNotFoundError: There is no such model.
    """
    chosen, plain_name = split_library(model)
    library = chosen or settings.library
    path = find_model(plain_name).path
    stat = path.stat()
    num_cores = num_usable_cores()
    return CalibrationKey(
        file_name=path.name,
        file_bytes=stat.st_size,
        file_mtime_ns=stat.st_mtime_ns,
        engine=f"{library} {_version(library)}, bantam {lsp_server.__version__}",
        processor=processor_name(),
        num_cores=num_cores,
        num_threads=settings.threads or num_cores,
        context_tokens=settings.context_tokens,
    )


@dataclass(frozen=True, slots=True)
class CalibrationStore:
    """The files of one cache folder.

    Attributes:
        cache: The cache folder; anything in it may vanish at any time.
    """

    cache: Path

    def path(self, key: CalibrationKey) -> Path:
        """Return the file for a key, which need not exist."""
        digest = hashlib.sha256(msgspec.json.encode(key)).hexdigest()[:16]
        return self.cache / _FOLDER / f"{Path(key.file_name).stem}-{digest}.json"

    def read(self, key: CalibrationKey) -> Measurements | None:
        """Return what was measured, or `None`: a file that is damaged or not ours is ignored."""
        path = self.path(key)
        try:
            with path.open("rb") as file:
                content = file.read(_MAX_FILE_BYTES)
            found = _decoder.decode(content)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            logger.warning("%s is ignored and will be measured anew: %s", path, error)
            return None
        if (found.format, found.key) != (_FORMAT, key):
            logger.warning("%s belongs to something else and will be measured anew", path)
            return None
        return found.measured

    def write(self, key: CalibrationKey, measured: Measurements) -> None:
        """Keep what was measured; readers see the old file or the new one, whole.

        Raises:
            ConfigError: The folder cannot be made.
            OSError: The file cannot be written.
        """
        path = self.path(key)
        make_private(path.parent)
        content = msgspec.json.encode(_File(format=_FORMAT, key=key, measured=measured))
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise

    def try_write(self, key: CalibrationKey, measured: Measurements) -> None:
        """Keep what was measured if that is possible; it can be measured again."""
        try:
            self.write(key, measured)
        except (ConfigError, OSError) as error:
            logger.warning("measurements of %s are not kept: %s", key.file_name, error)


def _version(library: LibraryName) -> str:
    with contextlib.suppress(metadata.PackageNotFoundError):
        return metadata.version(_PACKAGES[library])
    return "unknown"

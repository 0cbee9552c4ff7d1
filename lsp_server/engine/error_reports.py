"""Our exceptions as they cross the waist, in both directions; the one table."""

from __future__ import annotations

from lsp_server.engine.api import ErrorKind, ErrorReport
from lsp_server.errors import (
    BadRequestError,
    BantamError,
    CannotChatError,
    CannotInfillError,
    ConfigError,
    EngineError,
    EngineSilentError,
    EngineStartError,
    EngineStoppedError,
    EngineVersionError,
    ModelFileError,
    ModelLoadError,
    ModelNotFoundError,
    NoCellsError,
    PromptTooLongError,
    RemoteError,
)

_ERROR_OF_KIND: dict[ErrorKind, type[BantamError]] = {
    ErrorKind.BAD_REQUEST: BadRequestError,
    ErrorKind.MODEL_NOT_FOUND: ModelNotFoundError,
    ErrorKind.MODEL_FILE: ModelFileError,
    ErrorKind.MODEL_LOAD: ModelLoadError,
    ErrorKind.CANNOT_INFILL: CannotInfillError,
    ErrorKind.CANNOT_CHAT: CannotChatError,
    ErrorKind.PROMPT_TOO_LONG: PromptTooLongError,
    ErrorKind.NO_CELLS: NoCellsError,
    ErrorKind.STOPPED: EngineStoppedError,
    ErrorKind.START: EngineStartError,
    ErrorKind.SILENT: EngineSilentError,
    ErrorKind.REMOTE: RemoteError,
    ErrorKind.VERSION: EngineVersionError,
    ErrorKind.CONFIG: ConfigError,
    ErrorKind.INTERNAL: EngineError,
}
_KIND_OF_ERROR = {error: kind for kind, error in _ERROR_OF_KIND.items()}


def report_of(error: BantamError) -> ErrorReport:
    """Return the report of an error, of the nearest kind there is; at the least `INTERNAL`."""
    kinds = (_KIND_OF_ERROR[base] for base in type(error).__mro__ if base in _KIND_OF_ERROR)
    return ErrorReport(kind=next(kinds, ErrorKind.INTERNAL), message=str(error))


def error_of(report: ErrorReport) -> BantamError:
    """Return the exception that a report stands for, ready to be raised."""
    return _ERROR_OF_KIND[report.kind](report.message)

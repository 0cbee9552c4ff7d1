"""What people are told of an engine that lives and does not answer."""

from __future__ import annotations

from lsp_server.engine.shared.ending import engine_pid
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.errors import EngineSilentError


def silent_error(folder: RuntimeFolder) -> EngineSilentError:
    """Return the error, which is the same however it was found out."""
    return EngineSilentError(
        f"the engine (process {engine_pid(folder) or 'unknown'}) runs but does not answer; end "
        "it with `bantam engine stop`, and the next request starts a new one. "
        f"Its log is {folder.log_file}"
    )

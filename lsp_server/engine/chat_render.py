"""Have a chat template rendered in a process that can be ended when it takes too long."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import msgspec

from lsp_server.engine.chat_sandbox import Rendered, RenderJob

#: Starting Python on a busy machine takes a second or two; rendering takes milliseconds.
MAX_RENDER_S = 20.0

#: Renders every conversation of a job, in order.
Render = Callable[[RenderJob], list[Rendered]]


def render_in_child(job: RenderJob) -> list[Rendered]:
    """Render in a child process; one that fails or is too slow is a result, too."""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-m", "lsp_server.engine.chat_sandbox"],
            input=msgspec.json.encode(job),
            capture_output=True,
            timeout=MAX_RENDER_S,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=list[Rendered])
    except subprocess.TimeoutExpired:
        return _all_failed(job, f"it was not rendered within {MAX_RENDER_S:.0f} seconds")
    except OSError as error:
        return _all_failed(job, f"no process could be started to render it: {error.strerror}")
    except subprocess.CalledProcessError as error:
        return _all_failed(job, f"rendering it ended with status {error.returncode}")


def _all_failed(job: RenderJob, why: str) -> list[Rendered]:
    return [Rendered(error=why)] * len(job.conversations)

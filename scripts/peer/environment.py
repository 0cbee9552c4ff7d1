"""The environment of a process that uses the model library as it ships."""

from __future__ import annotations

import os

from lsp_server.engine.native_environment import native_environment


def plain_environment() -> dict[str, str]:
    """Return this process's variables without those that our engine sets for the library."""
    ours = native_environment({})
    return {name: value for name, value in os.environ.items() if name not in ours}

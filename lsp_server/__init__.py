"""Bantam: code completion by a small model that runs on the user's own machine."""

from lsp_server.version import __version__

__all__ = ["__version__"]

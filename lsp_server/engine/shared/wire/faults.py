"""What can happen to a connection; the client turns these into errors of its own.

Kept apart from `connection`, so that they can be named without importing an HTTP library.
"""

from __future__ import annotations


class GoneError(Exception):
    """Nobody listens, or the engine went away before it began to answer: nothing has run."""


class BrokenError(Exception):
    """The engine went away in the middle of an answer."""

"""What can happen to a connection; the client turns these into errors of its own.

Kept apart from `connection`, so that they can be named without importing an HTTP library.
"""

from __future__ import annotations


class GoneError(Exception):
    """Nobody listens, or the engine went away before it began to answer: nothing has run."""


class SilentError(Exception):
    """The engine lives and does not answer any more."""


class LateError(Exception):
    """The engine answers others, but not this request, and its time is over."""


class BrokenError(Exception):
    """The engine went away in the middle of an answer."""

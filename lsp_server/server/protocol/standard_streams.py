"""Standard input and output belong to the protocol alone.

One `print` in any library, or one line of a native one or of a child, would break the framing
of messages; a child that reads standard input would swallow some.  So both descriptors are moved
to where no child inherits them: whatever writes to standard output writes to standard error, and
whatever reads standard input finds its end.
"""

from __future__ import annotations

import os
import sys


def reserve_stdin() -> int:
    """Return a descriptor of the real standard input, and leave an empty one in its place."""
    protocol_fd = os.dup(sys.stdin.fileno())
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, sys.stdin.fileno())
    os.close(nothing)
    return protocol_fd


def reserve_stdout() -> int:
    """Return a descriptor of the real standard output, and point everything else at stderr."""
    sys.stdout.flush()
    protocol_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return protocol_fd

"""Standard output belongs to the protocol alone.

One `print` in any library, or one line of a native one, would break the framing of messages;
so the descriptor is moved away, and whatever writes to standard output writes to standard
error.
"""

from __future__ import annotations

import os
import sys
from typing import BinaryIO


def reserve_stdout() -> BinaryIO:
    """Return a stream to the real standard output, and point everything else at stderr."""
    sys.stdout.flush()
    protocol_fd = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    sys.stdout = sys.stderr
    return os.fdopen(protocol_fd, "wb")

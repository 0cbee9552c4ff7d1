"""Why and when this process ends.

The first reason counts.  From then on the process has a short time to close what it has open;
after that it is ended, whatever a thread, a native library or the client is doing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

LOGGER = logging.getLogger(__name__)

GRACE_S = 0.8
#: Those that ask a process to end, as far as this system has them.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name)
]


class Ending:
    """The end of one server; made on the thread of its loop."""

    def __init__(
        self, grace_s: float = GRACE_S, end_process: Callable[[int], object] = os._exit
    ) -> None:
        """Prepare.

        Args:
            grace_s: Time from the reason to the end at the latest.
            end_process: Ends the process with an exit status, at once.
        """
        self._grace_s = grace_s
        self._end_process = end_process
        self._loop = asyncio.get_running_loop()
        self._begun: asyncio.Future[int] = self._loop.create_future()
        self._has_begun = False

    def begin(self, status: int, reason: str) -> None:
        """End with an exit status; may be called more than once, and on any thread."""
        # No lock: a signal handler that comes in between must not wait for what it interrupts.
        if self._has_begun:
            return
        self._has_begun = True
        LOGGER.info("the server ends: %s", reason)
        timer = threading.Timer(self._grace_s, self._end_process, (status,))
        timer.daemon = True
        timer.start()
        # A closed loop raises RuntimeError: the end is over.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._tell, status)

    async def wait(self) -> int:
        """Return the exit status as soon as there is one."""
        return await self._begun

    def _tell(self, status: int) -> None:
        if not self._begun.done():
            self._begun.set_result(status)


def end_now(status: int) -> NoReturn:
    """End the process, in which all is closed.

    Taking the interpreter and its libraries down takes several times as long as closing did,
    and waits for threads that nothing can interrupt.
    """
    logging.shutdown()
    sys.stderr.flush()
    os._exit(status)


@contextlib.contextmanager
def ended_by_signals(ending: Ending) -> Iterator[None]:
    """Let the signals that ask for it begin the end; the status is the shell's, 128 + number.

    A signal that the parent has had ignored, as `nohup` does, stays ignored.
    """

    def begin(number: int, frame: FrameType | None) -> None:
        del frame
        ending.begin(128 + number, signal.Signals(number).name)

    before = {one: signal.getsignal(one) for one in _SIGNALS}
    heard = [one for one in _SIGNALS if before[one] is not signal.SIG_IGN]
    for one in heard:
        signal.signal(one, begin)
    try:
        yield
    finally:
        for one in heard:
            signal.signal(one, before[one])

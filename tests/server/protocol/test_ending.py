"""The end of a process: the first reason, soon, and by force if need be."""

from __future__ import annotations

import asyncio
import os
import queue
import signal
import threading

from lsp_server.server.protocol.ending import Ending, ended_by_signals

DEADLINE_S = 60.0


async def test_the_first_reason_counts() -> None:
    ending = Ending(grace_s=DEADLINE_S, end_process=lambda status: None)
    ending.begin(3, "first")
    ending.begin(4, "second")
    assert await ending.wait() == 3


async def test_any_thread_may_begin_the_end() -> None:
    ending = Ending(grace_s=DEADLINE_S, end_process=lambda status: None)
    threading.Thread(target=ending.begin, args=(5, "elsewhere")).start()
    assert await asyncio.wait_for(ending.wait(), DEADLINE_S) == 5


async def test_a_process_that_does_not_end_is_ended() -> None:
    ended: queue.SimpleQueue[int] = queue.SimpleQueue()
    ending = Ending(grace_s=0.01, end_process=ended.put)
    ending.begin(6, "stuck")
    # The loop is blocked here, as a library may block it.
    assert ended.get(timeout=DEADLINE_S) == 6


async def test_signals_begin_the_end_and_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    ending = Ending(grace_s=DEADLINE_S, end_process=lambda status: None)
    with ended_by_signals(ending):
        os.kill(os.getpid(), signal.SIGTERM)
        assert await ending.wait() == 128 + signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


async def test_signals_that_the_parent_ignores_stay_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ended_by_signals(Ending(grace_s=DEADLINE_S, end_process=lambda status: None)):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)

"""What the engine process does for itself: unload models, and end when nobody needs it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Protocol, runtime_checkable

from lsp_server.engine.api import Engine
from lsp_server.engine.shared.activity import Activity
from lsp_server.engine.shared.listener import Listener
from lsp_server.engine.shared.stop_switch import StopSwitch

LOGGER = logging.getLogger(__name__)

#: How often it looks, in seconds; more often when it is to end soon.
_LONGEST_PERIOD_S = 5.0


async def end_when_idle(
    activity: Activity,
    has_connections: Callable[[], bool],
    listener: Listener,
    stop: StopSwitch,
    exit_after_s: float,
) -> None:
    """Throw the switch when there was no connection and no request for a while.

    Also when nobody can find the engine any more, because somebody cleaned up its folder:
    clients would wait for it in vain and it for them.

    Args:
        activity: Counts the requests.
        has_connections: Whether a client holds a connection, with or without a request.
        listener: The engine's socket.
        stop: Thrown at the end.
        exit_after_s: Seconds with neither connection nor request.
    """
    period_s = min(exit_after_s / 4, _LONGEST_PERIOD_S)
    while not stop.is_thrown:
        await asyncio.sleep(period_s)
        if has_connections():
            activity.touch()
        if activity.idle_s >= exit_after_s:
            LOGGER.info("nobody has asked for %g s", exit_after_s)
            stop.throw()
        if not listener.is_reachable:
            LOGGER.warning("the socket is gone")
            stop.throw()


@runtime_checkable
class Unloads(Protocol):
    """An engine that lets go of models that nobody has used for a while."""

    def unload_idle(self) -> int:
        """Unload what has been idle for longer than the settings say; return how many."""
        ...


async def unload_idle_models(engine: Engine) -> None:
    """Ask the engine now and then to unload what is idle."""
    while isinstance(engine, Unloads):
        await asyncio.sleep(_LONGEST_PERIOD_S)
        try:
            num_unloaded = engine.unload_idle()
        except Exception:
            LOGGER.exception("unloading idle models failed")
        else:
            if num_unloaded:
                LOGGER.info("unloaded %d idle models", num_unloaded)

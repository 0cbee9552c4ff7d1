"""One client from its first byte to the end of the process."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from lsp_server.server.protocol.byte_reader import chunks
from lsp_server.server.protocol.ending import GRACE_S, Ending, ended_by_signals
from lsp_server.server.protocol.framing import Framer, FramingFault
from lsp_server.server.protocol.logs import log_loop_error
from lsp_server.server.protocol.message_writer import MessageWriter
from lsp_server.server.protocol.parent_watch import watch_parent
from lsp_server.server.protocol.workers import Workers
from lsp_server.server.wiring import BantamServer, chosen_engine

LOGGER = logging.getLogger(__name__)


async def converse(
    read: Callable[[], bytes],
    write: Callable[[memoryview], int],
    overrides: Mapping[str, object],
) -> int:
    """Answer a client until one of both has to end, and leave nothing behind.

    Args:
        read: Waits for bytes of the client and returns them; none at the end.
        write: Writes a beginning of what it is given and returns how many bytes that were.
        overrides: Settings from the command line, by key.

    Returns:
        The exit status of the process: as LSP says after `exit`, 0 after the end of input, 128
        and the number of a signal, 1 after a client that was lost.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(Workers())
    loop.set_exception_handler(log_loop_error)
    ending = Ending()
    writer = MessageWriter(write, lambda: ending.begin(1, "the client cannot be written to"))
    server = BantamServer(chosen_engine, overrides)
    server.protocol.set_writer(writer)
    listening = loop.create_task(_listen(read, server, ending))
    with ended_by_signals(ending):
        status = await ending.wait()
        listening.cancel()
        await server.session.aclose()
        await _cancel_all_others()
        writer.close(GRACE_S / 2)
    return status


async def _listen(read: Callable[[], bytes], server: BantamServer, ending: Ending) -> None:
    protocol, framer, is_watching = server.protocol, Framer(), False
    async for chunk in chunks(read):
        for found in framer.feed(chunk):
            _take(server, found)
            if protocol.exit_status is not None:
                ending.begin(protocol.exit_status, "the client said exit")
                return
            if protocol.parent_pid is not None and not is_watching:
                is_watching = True
                watch_parent(protocol.parent_pid, lambda: ending.begin(1, "the client is gone"))
    ending.begin(0, "the input has ended")


def _take(server: BantamServer, found: bytes | FramingFault) -> None:
    try:
        if isinstance(found, FramingFault):
            server.take_fault(found)
        else:
            server.protocol.take(found)
    except Exception:
        # The last border: one message must not end the conversation.
        LOGGER.exception("a message could not be handled")


async def _cancel_all_others() -> None:
    """Cancel the handlers of requests, whose answers nobody waits for any more."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)

"""`bantam engine status --live`: the same figures anew every second, until Ctrl+C."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from rich.live import Live
from rich.text import Text

from lsp_server.cli.engine_status import status_lines
from lsp_server.cli.result_console import result_console
from lsp_server.directories import Directories
from lsp_server.engine.shared.process import engine_status
from lsp_server.errors import UsageError

if TYPE_CHECKING:
    from lsp_server.engine.shared.tcp.address import TcpAddress
    from lsp_server.engine.status import EngineStatus

_PERIOD_S = 1.0


async def show_live(directories: Directories, address: TcpAddress | None) -> None:
    """Show the engine's status until the task is cancelled.

    Args:
        directories: Of the engine.
        address: Where it is asked instead of at its socket.

    Raises:
        UsageError: Standard output is no terminal.
        BantamError: The engine does not answer.
    """
    console = result_console()
    if not console.is_terminal:
        raise UsageError(
            "--live draws on a terminal, and standard output is none; leave it out, or call "
            "`bantam engine status --json` now and then"
        )
    with Live(console=console, auto_refresh=False) as live:
        before: EngineStatus | None = None
        while True:
            found = await engine_status(directories, address)
            live.update(Text("\n".join(live_lines(found, before))), refresh=True)
            before = found
            await asyncio.sleep(_PERIOD_S)


def live_lines(found: EngineStatus | None, before: EngineStatus | None) -> list[str]:
    """Return what is shown now: the status, and what each model did since the last time."""
    if found is None:
        return ["no engine is running; the next completion starts one"]
    lines = status_lines(found)
    seconds = found.uptime_s - before.uptime_s if before is not None else 0.0
    if before is None or before.pid != found.pid or seconds <= 0:
        return lines
    older = {model.model: model.totals for model in before.models}
    for model in found.models:
        if model.model in older:
            was, now = older[model.model], model.totals
            computed = (now.computed + now.idle - was.computed - was.idle) / seconds
            generated = (now.generated - was.generated) / seconds
            lines.append(
                f"  {model.model}: {max(computed, 0):.0f} tokens computed and "
                f"{max(generated, 0):.0f} generated per second"
            )
    return lines

"""`bantam engine`: the process that runs the model and is shared by all editor windows."""

from __future__ import annotations

import asyncio
import json

import click

from lsp_server.cli.engine_calibrate import calibrate
from lsp_server.cli.engine_status import metrics, status


@click.group("engine")
def command() -> None:
    """Look at the engine process, run it by hand, measure its speed, or stop it.

    It is started by the first completion, shared by all editor windows, and ends itself when
    it is idle for long.
    """


command.add_command(status)
command.add_command(metrics)


@command.command("serve")
@click.option("--tcp", metavar="HOST:PORT", help="Listen at a loopback address, too.")
def serve(tcp: str | None) -> None:
    r"""Run the engine in this terminal, for editors as ever and, with --tcp, for other tools.

    It goes on until Ctrl+C or `bantam engine stop`.  Over TCP it answers OpenAI's clients
    (/v1/completions, /v1/chat/completions), llama-server's (/infill) and Prometheus (/metrics).
    A client needs the key from the file that is named at the start; only you can read it.

    \b
    Example:
      bantam engine serve --tcp 127.0.0.1:8012
    """
    from lsp_server.cli.engine_serve import replace_by_engine

    replace_by_engine(tcp)


command.add_command(calibrate)


@command.command("stop")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def stop(as_json: bool) -> None:
    """End the engine process; the next completion starts it again."""
    from lsp_server.directories import directories
    from lsp_server.engine.shared.process import stop_engine

    was_running = asyncio.run(stop_engine(directories()))
    if as_json:
        click.echo(json.dumps({"stopped": was_running}))
    else:
        click.echo("the engine was stopped" if was_running else "no engine was running")

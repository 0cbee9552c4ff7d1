"""`bantam engine`: the process that runs the model and is shared by all editor windows."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import click

from lsp_server.cli.engine_calibrate import calibrate

if TYPE_CHECKING:
    from lsp_server.engine.api import EngineStatus


@click.group("engine")
def command() -> None:
    """Look at the engine process, run it by hand, measure its speed, or stop it.

    It is started by the first completion, shared by all editor windows, and ends itself when
    it is idle for long.
    """


@command.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def status(as_json: bool) -> None:
    """Say whether an engine runs, and what it has loaded; and whether a remote one answers."""
    from lsp_server.cli.user_settings import settings_or_fail
    from lsp_server.directories import directories
    from lsp_server.engine.choice import is_remote, named_for_people
    from lsp_server.engine.shared.process import engine_status

    settings = settings_or_fail({})
    remote = named_for_people(settings).model.name if is_remote(settings) else None
    found = asyncio.run(engine_status(directories()))
    if as_json:
        values = _status_json(found)
        click.echo(json.dumps(values | ({"remote": remote} if remote else {}), indent=2))
        return
    if remote is not None:
        click.echo(f"a remote server answers: {remote}; your code is sent there (remote.url)")
    if found is None and remote is not None:
        click.echo("no engine is running on this machine, and none is needed")
    elif found is None:
        click.echo("no engine is running; the next completion starts one")
    else:
        click.echo("\n".join(_status_lines(found)))


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


def _status_json(found: EngineStatus | None) -> dict[str, Any]:
    import msgspec

    if found is None:
        return {"running": False}
    return {"running": True, **msgspec.to_builtins(found)}


def _status_lines(found: EngineStatus) -> list[str]:
    minutes, seconds = divmod(int(found.uptime_s), 60)
    lines = [f"engine {found.package_version}, process {found.pid}, up {minutes}:{seconds:02} min"]
    lines += [
        f"  {model.model}: {model.num_running} running, {model.num_waiting} waiting, "
        f"{model.cells_used} of {model.cells_total} KV cells used"
        for model in found.models
    ]
    return lines if found.models else [*lines, "  no model is loaded"]

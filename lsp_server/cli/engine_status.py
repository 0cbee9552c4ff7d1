"""`bantam engine status` and `bantam engine metrics`: what the engine process says of itself."""

from __future__ import annotations

import asyncio
import json
import os
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lsp_server.engine.shared.tcp.address import TcpAddress
    from lsp_server.engine.status import EngineStatus

_TCP_HELP = "Ask the engine at a loopback port; otherwise the one of this user's socket."


@click.command("status")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--live", is_flag=True, help="Show it until Ctrl+C, anew every second.")
@click.option("--tcp", metavar="HOST:PORT", help=_TCP_HELP)
def status(as_json: bool, live: bool, tcp: str | None) -> None:
    """Say whether an engine runs, what it has loaded, and who uses it.

    Also whether a remote server answers instead.
    """
    from lsp_server.cli.user_settings import settings_or_fail
    from lsp_server.engine.choice import is_remote, named_for_people

    address = _address(tcp)
    settings = settings_or_fail({})
    remote = named_for_people(settings).model.name if is_remote(settings) else None
    if live:
        _show_live(address, as_json=as_json)
        return
    found = _found(address)
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
        click.echo("\n".join(status_lines(found)))


@click.command("metrics")
@click.option("--tcp", metavar="HOST:PORT", help=_TCP_HELP)
def metrics(tcp: str | None) -> None:
    """Print the engine's figures as Prometheus collects them at /metrics.

    Nothing is printed to standard output when no engine runs.
    """
    from lsp_server.directories import directories
    from lsp_server.engine.shared.process import engine_metrics

    text = asyncio.run(engine_metrics(directories(), _address(tcp)))
    if text is None:
        click.echo("no engine is running; the next completion starts one", err=True)
    else:
        click.echo(text, nl=False)


def status_lines(found: EngineStatus) -> list[str]:
    """Return what an engine says of itself, for people."""
    from lsp_server.cli.units import bytes_text

    minutes, seconds = divmod(int(found.uptime_s), 60)
    memory = "" if found.memory_bytes is None else f", {bytes_text(found.memory_bytes)} of memory"
    lines = [
        f"engine {found.package_version}, process {found.pid}, up {minutes}:{seconds:02} min"
        f"{memory}"
    ]
    for model in found.models:
        totals = model.totals
        parked = max(model.cells_used - model.cells_running, 0)
        size = f", {bytes_text(model.num_bytes)}" if model.num_bytes else ""
        lines += [
            f"  {model.model}: {model.num_running} running, {model.num_waiting} waiting{size}",
            f"    {model.cells_used} of {model.cells_total} KV cells used, {parked} of them "
            f"parked; {bytes_text(model.bytes_saved)} saved outside",
            f"    prompt tokens: {totals.computed} computed, {totals.reused} reused, "
            f"{totals.shifted} shifted, {totals.idle} again while idle; "
            f"{totals.generated} generated",
        ]
    if not found.models:
        lines.append("  no model is loaded")
    lines += [
        f"  {waiting.model} waits for its place since {waiting.waited_s:.0f} s: "
        f"{waiting.num_requests} requests"
        for waiting in found.waiting
    ]
    lines += [
        f"  {client.name}: {client.num_connections} connected, {client.num_requests} at work"
        for client in found.clients
        if client.name != f"process {os.getpid()}"  # this command itself
    ]
    return lines


def _found(address: TcpAddress | None) -> EngineStatus | None:
    from lsp_server.directories import directories
    from lsp_server.engine.shared.process import engine_status

    return asyncio.run(engine_status(directories(), address))


def _show_live(address: TcpAddress | None, *, as_json: bool) -> None:
    from lsp_server.cli.engine_live import show_live
    from lsp_server.directories import directories
    from lsp_server.errors import UsageError

    if as_json:
        raise UsageError("--live and --json exclude each other; leave one of them out")
    asyncio.run(show_live(directories(), address))


def _address(tcp: str | None) -> TcpAddress | None:
    from lsp_server.engine.shared.tcp.address import parse_tcp_address

    return None if tcp is None else parse_tcp_address(tcp)


def _status_json(found: EngineStatus | None) -> dict[str, Any]:
    import msgspec

    if found is None:
        return {"running": False}
    return {"running": True, **msgspec.to_builtins(found)}

"""`bantam serve`: the language server."""

from __future__ import annotations

import sys

import click


@click.command("serve")
@click.option("--stdio", is_flag=True, help="Speak over standard input and output (the default).")
@click.option("--tcp", metavar="HOST:PORT", help="Listen there for one editor, for debugging.")
@click.option("--model", help="Catalogue id or GGUF file; otherwise the setting model.name.")
def command(stdio: bool, tcp: str | None, model: str | None) -> None:
    """Start the language server, which editors do for you."""
    if stdio and tcp:
        raise click.UsageError("--stdio and --tcp exclude each other")
    address = _address(tcp) if tcp else None
    if address is None and sys.stdin is None:
        raise click.UsageError("standard input is closed; an editor speaks over it, or use --tcp")
    from lsp_server.cli.user_settings import model_overrides
    from lsp_server.server import start

    overrides = model_overrides(model)
    if address is None:
        start.serve_stdio(overrides)
        return
    try:
        start.serve_tcp(*address, overrides)
    except OSError as error:
        raise click.UsageError(f"cannot listen at {tcp}: {error.strerror or error}") from error


def _address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not (colon and host and port.isdecimal() and int(port) < 65_536):
        raise click.BadParameter(
            f"{text!r} must be HOST:PORT with a port from 0 to 65535, as in 127.0.0.1:2087",
            param_hint="--tcp",
        )
    return host, int(port)

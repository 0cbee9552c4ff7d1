"""`bantam clean`: remove what Bantam wrote on this machine."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.cli.leftovers import Leftover


@click.command("clean")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Only say what would be removed.")
@click.option("--config", "with_config", is_flag=True, help="Remove your settings file too.")
@click.option("--models", "with_models", is_flag=True, help="Remove downloaded models too.")
def command(yes: bool, dry_run: bool, with_config: bool, with_models: bool) -> None:
    """Stop the engine and remove logs, state, caches and runtime files.

    Your settings file stays unless --config is given, and what `bantam models pull`
    downloaded unless --models is.  Models that lie elsewhere are never touched.
    """
    from lsp_server.cli.leftovers import find_leftovers
    from lsp_server.directories import directories

    folders = directories()
    found = find_leftovers(folders, with_config=with_config, with_models=with_models)
    if not found:
        click.echo("there is nothing to remove")
        return
    _print_plan(found)
    if dry_run:
        return
    if not yes:
        _ask()
    asyncio.run(_stop_engine())
    # The engine removes some of its files itself, and writes a last line to its log.
    _remove(find_leftovers(folders, with_config=with_config, with_models=with_models))
    _print_kept()
    click.echo("removed")


def _print_plan(found: list[Leftover]) -> None:
    from lsp_server.cli.units import bytes_text

    for leftover in found:
        click.echo(f"{bytes_text(leftover.num_bytes):>10}  {leftover.path}")
    total = sum(leftover.num_bytes for leftover in found)
    click.echo(f"{bytes_text(total):>10}  in all")


def _ask() -> None:
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("say --yes to remove these files, or --dry-run to only see them")
    click.confirm("Remove these files?", abort=True)


async def _stop_engine() -> None:
    from lsp_server.directories import directories
    from lsp_server.engine.shared.process import stop_engine

    await stop_engine(directories())


def _remove(found: list[Leftover]) -> None:
    from lsp_server.cli.leftovers import remove

    for leftover in found:
        remove(leftover)


def _print_kept() -> None:
    from lsp_server.cli.border import note
    from lsp_server.cli.leftovers import remove_empty_folders
    from lsp_server.directories import directories

    folders = directories()
    for folder in remove_empty_folders(folders):
        if folder not in (folders.config, folders.data):
            note(f"{folder} holds files that are not Bantam's, so it stays")

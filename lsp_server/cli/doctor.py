"""`bantam doctor`: whether everything that a completion needs is there."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.cli.findings import Finding

_MARKS = {"ok": "ok", "warning": "warn", "broken": "FAIL"}
_COLOURS = {"ok": "green", "warning": "yellow", "broken": "red"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Say what works, what does not, and what to do; exit status 1 if something is broken.

    Looks at Python, the engine library and its CPU and GPU features, the model, its
    fill-in-the-middle format and its speed on this machine, your settings, and where
    configuration, state and logs live.
    """
    from lsp_server.cli.findings import findings_json, is_sound

    findings = asyncio.run(_examine())
    if as_json:
        click.echo(json.dumps(findings_json(findings), indent=2, ensure_ascii=False))
    else:
        for finding in findings:
            _print(finding)
    if not is_sound(findings):
        ctx.exit(1)


async def _examine() -> list[Finding]:
    from lsp_server.cli import examine
    from lsp_server.cli.examine_ctransformers import examine_ctransformers
    from lsp_server.cli.examine_remote import examine_answering
    from lsp_server.cli.examine_speed import examine_speed
    from lsp_server.directories import directories
    from lsp_server.settings.load import load_user_settings

    folders = directories()
    loaded = load_user_settings()
    return [
        examine.examine_bantam(),
        examine.examine_python(),
        *examine.examine_library(),
        *examine_ctransformers(loaded.settings),
        *examine_answering(loaded.settings),
        *examine_speed(loaded.settings, folders),
        *examine.examine_settings(loaded, folders),
        *examine.examine_folders(folders),
        *await examine.examine_engine(folders),
    ]


def _print(finding: Finding) -> None:
    state = finding.state.value
    mark = click.style(f"{_MARKS[state]:<4}", fg=_COLOURS[state])
    click.echo(f"{mark}  {finding.part:<15}  {finding.text}")
    if finding.remedy:
        click.echo(f"{'':23}→ {finding.remedy}")

"""`bantam act`: code actions on a file, from the command line."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.actions.values import ActionQuery, Offer, Result
    from lsp_server.cli.act_document import ActDocument
    from lsp_server.settings.schema import LibraryName, Settings

_LIST = "list"


@click.command("act")
@click.argument("name", metavar="NAME|list")
@click.argument("location", metavar="FILE:LINE[-LINE]")
@click.option("--instruction", metavar="TEXT", help="What to do, or what is wrong, in words.")
@click.option("--diff", is_flag=True, help="Print the edit as a unified diff (the default).")
@click.option("--write", is_flag=True, help="Edit the file.")
@click.option("--json", "as_json", is_flag=True, help="With list: print JSON instead of text.")
@click.option("--model", help="Catalogue id or GGUF file; otherwise the setting model.name.")
@click.option(
    "--engine", "library", type=click.Choice(["llama.cpp", "ctransformers"]),
    help="What runs the model; otherwise the setting engine.library.",
)  # fmt: skip
@click.option("--language", help="Language id as in LSP (python); otherwise from the file's name.")
def command(
    name: str,
    location: str,
    instruction: str | None,
    diff: bool,
    write: bool,
    as_json: bool,
    model: str | None,
    library: LibraryName | None,
    language: str | None,
) -> None:
    """Do a code action at some lines of a file, or list those that can be done there.

    \b
    write_body       write a missing body, or the one that `pass` stands for
    docstring        document a function or class
    fix_diagnostic   fix a syntax error, or what --instruction says is wrong
    edit_instructed  change the lines as --instruction says
    explain          explain the lines

    One LINE is a cursor: the function or class around it is meant.  LINE-LINE is a selection.
    The last three need an instruct model.  The edit is printed as a unified diff; with --write
    the file is edited, unless it has changed meanwhile.

    \b
    Examples:
      bantam act list src/app.py:12
      bantam act docstring src/app.py:12 --write
      bantam act edit_instructed src/app.py:12-20 --instruction 'use a dict' | git apply
    """  # noqa: D301 - click needs the character itself
    from lsp_server.cli.act_document import read_act_document
    from lsp_server.cli.lines import parse_lines
    from lsp_server.cli.user_settings import model_overrides, settings_or_fail, with_engine
    from lsp_server.engine.choice import named_for_people

    if diff and write:
        raise click.UsageError("--diff and --write exclude each other")
    if as_json and name != _LIST:
        raise click.UsageError("--json is for `bantam act list`")
    if name == _LIST and (diff or write):
        raise click.UsageError("--diff and --write are for an action, and list is none")
    lines = parse_lines(location)
    settings = with_engine(settings_or_fail(model_overrides(model)), library)
    settings = named_for_people(settings)
    document = read_act_document(lines, language, (instruction or "").strip())
    if name == _LIST:
        _list(document, settings, as_json=as_json)
    else:
        _act(name, document, settings, write=write)


def _list(document: ActDocument, settings: Settings, *, as_json: bool) -> None:
    from lsp_server.cli.act_output import print_offers

    offers = asyncio.run(_offers(document.query, settings))
    print_offers(offers, as_json=as_json)


async def _offers(query: ActionQuery, settings: Settings) -> list[Offer]:
    """Return what can be done, with a place for the instruction that nobody gave yet."""
    from dataclasses import replace

    from lsp_server.actions.actor import Actor
    from lsp_server.directories import directories
    from lsp_server.engine.choice import make_engine

    async with aclosing(make_engine(settings, directories(), start=False)) as engine:
        actor = Actor(engine, settings)
        offers = {offer.name: offer for offer in await actor.offers(query)}
        with_words = await actor.offers(replace(query, instruction=query.instruction or "…"))
        return [offers.get(offer.name, offer) for offer in with_words]


def _act(name: str, document: ActDocument, settings: Settings, *, write: bool) -> None:
    from lsp_server.actions.registry import find_action
    from lsp_server.actions.values import EditResult, Effect
    from lsp_server.cli.border import note
    from lsp_server.cli.file_edit import unified_diff, write_text

    action = find_action(name)
    if write and action.effect is Effect.TEXT:
        raise click.UsageError(f"{action.name} edits nothing, so --write is not for it")
    if document.query.instruction and not action.takes_words:
        raise click.UsageError(f"{action.name} takes no --instruction")
    result = asyncio.run(_perform(action.name, document.query, settings))
    if not isinstance(result, EditResult):
        click.echo(result.markdown, nl=False)
        return
    new = result.apply(document.query.text)
    if write:
        write_text(document.path, document.data, new)
        note(f"{document.name} is edited")
    else:
        click.echo(unified_diff(document.name, document.query.text, new), nl=False)


async def _perform(name: str, query: ActionQuery, settings: Settings) -> Result:
    from lsp_server.actions.actor import Actor
    from lsp_server.cli.loading_bar import LoadingBar
    from lsp_server.directories import directories
    from lsp_server.engine.choice import make_engine

    async with aclosing(make_engine(settings, directories())) as engine:
        with LoadingBar() as bar:
            async with aclosing(Actor(engine, settings, bar.show)) as actor:
                return await actor.perform(name, query)

"""`bantam complete`: one completion at one cursor, printed."""

from __future__ import annotations

import asyncio
import re
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.cli.document import Document
    from lsp_server.completion.query import CompletionOutcome, Project
    from lsp_server.settings.schema import LibraryName, Settings

#: Other files are read for longer than while typing: there is no next suggestion to wait for.
_CONTEXT_MS = 250

#: `-:12:5` looks like options to a parser of command lines.
_STANDARD_INPUT_POSITION = re.compile(r"-:\d+:\d+")


class _CompleteCommand(click.Command):
    """Takes `-:LINE:COLUMN` for what it is."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Move such an argument behind `--`, where nothing is an option."""
        positions = [arg for arg in args if _STANDARD_INPUT_POSITION.fullmatch(arg)]
        if positions and "--" not in args:
            rest = [arg for arg in args if arg not in positions]
            args = [*rest, "--", *positions]
        return super().parse_args(ctx, args)


@click.command("complete", cls=_CompleteCommand)
@click.argument("location", metavar="FILE:LINE:COLUMN")
@click.option(
    "-n", "num_alternatives", metavar="N", type=click.IntRange(1, 8), default=1,
    help="How many different suggestions to print, 1 to 8.",
)  # fmt: skip
@click.option("--model", help="Catalogue id or GGUF file; otherwise the setting model.name.")
@click.option(
    "--engine", "library", type=click.Choice(["llama.cpp", "ctransformers"]),
    help="What runs the model; otherwise the setting engine.library.",
)  # fmt: skip
@click.option("--max-tokens", type=int, help="Longest suggestion; otherwise completion.max_tokens.")
@click.option("--language", help="Language id as in LSP (python); otherwise from the file's name.")
@click.option("--path", type=click.Path(path_type=Path), help="Where a document from `-` stands.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
@click.option("--show", is_flag=True, help="Print the file around the cursor with ghost text.")
def command(
    location: str,
    num_alternatives: int,
    model: str | None,
    library: LibraryName | None,
    max_tokens: int | None,
    language: str | None,
    path: Path | None,
    as_json: bool,
    show: bool,
) -> None:
    """Print what the model would write at a position.

    Lines and columns count from 1, as editors show them: the cursor stands before the
    character at COLUMN, and a line of 10 characters has columns 1 to 11.  A character is a
    code point; a tab is one.

    FILE `-` reads the document from standard input; `-` alone puts the cursor at its end.

    Without --json or --show the suggestion itself is printed, and nothing if there is none.

    \b
    Examples:
      bantam complete src/app.py:12:5
      bantam complete --show -n 3 src/app.py:12:5
      printf 'def add(a, b):\\n    return ' | bantam complete - --language python
    """  # noqa: D301 - click needs the character itself
    from lsp_server.cli.document import read_document
    from lsp_server.cli.location import STANDARD_INPUT, parse_location
    from lsp_server.cli.user_settings import model_overrides, settings_or_fail, with_engine
    from lsp_server.engine.choice import named_for_people

    if as_json and show:
        raise click.UsageError("--json and --show exclude each other")
    parsed = parse_location(location)
    if path is not None and parsed.file != STANDARD_INPUT:
        raise click.UsageError("--path is for a document from standard input (-)")
    settings = settings_or_fail(
        {
            **model_overrides(model),
            "completion.max_tokens": max_tokens,
            "completion.context_ms": _CONTEXT_MS,
        }
    )
    settings = named_for_people(with_engine(settings, library))
    document = read_document(parsed, language=language, path=path)
    outcome = asyncio.run(_complete(document, num_alternatives, settings))
    _print(outcome, document, as_json=as_json, show=show)


async def _complete(
    document: Document, num_alternatives: int, settings: Settings
) -> CompletionOutcome:
    from lsp_server.cli.document import shown_path
    from lsp_server.cli.loading_bar import LoadingBar
    from lsp_server.completion.pipeline import CompletionPipeline
    from lsp_server.completion.query import CompletionQuery
    from lsp_server.directories import directories
    from lsp_server.engine.choice import make_engine

    query = CompletionQuery(
        uri=document.uri,
        path=shown_path(document.path),
        language=document.language,
        text=document.text,
        cursor=document.cursor,
        num_alternatives=num_alternatives,
        project=_project(document.path),
    )
    async with aclosing(make_engine(settings, directories())) as engine:
        with LoadingBar() as bar:
            pipeline = CompletionPipeline(engine, settings, on_loading=bar.show)
            return await pipeline.complete(query)


def _project(path: Path | None) -> Project | None:
    """Return the files around a document, which one question may take its time to read."""
    from lsp_server.completion.query import Project
    from lsp_server.context.project import project_roots

    if path is None:
        return None
    return Project(path, project_roots(path))


def _print(outcome: CompletionOutcome, document: Document, *, as_json: bool, show: bool) -> None:
    from lsp_server.cli import completion_output

    if outcome.error is not None:
        from lsp_server.engine.error_reports import error_of

        raise error_of(outcome.error)
    if as_json:
        completion_output.print_json(outcome, document)
    elif show:
        completion_output.print_shown(outcome, document)
    else:
        completion_output.print_text(outcome)

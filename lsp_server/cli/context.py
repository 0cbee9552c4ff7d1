"""`bantam context`: what the model would be shown besides the file itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from lsp_server.cli.document import Document
    from lsp_server.context.query import Block
    from lsp_server.settings.schema import CompletionSettings

#: A person at a terminal waits this long for a large workspace to be read.
_DEADLINE_MS = 10_000.0


@click.command("context")
@click.argument("location", metavar="FILE:LINE:COLUMN")
@click.option(
    "--budget", "budget_tokens", metavar="TOKENS", type=click.IntRange(1, 100_000),
    help="Most tokens to fill; otherwise completion.context_tokens.",
)  # fmt: skip
@click.option("--language", help="Language id as in LSP (python); otherwise from the file's name.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def command(location: str, budget_tokens: int | None, language: str | None, as_json: bool) -> None:
    """Print the definitions of other files that belong into the prompt at a position.

    Files are looked for in the repository around FILE, or in its folder; what .gitignore names
    and what looks like a secret is never read.  Tokens are estimated from characters.  Lines
    and columns count from 1.

    \b
    Examples:
      bantam context src/app.py:12:5
      bantam context --budget 500 --json src/app.py:12:5
    """  # noqa: D301 - click needs the character itself
    import time

    from lsp_server.cli.document import read_document
    from lsp_server.cli.location import parse_location
    from lsp_server.cli.user_settings import settings_or_fail
    from lsp_server.context.render import render

    settings = settings_or_fail({})
    document = read_document(parse_location(location), language=language)
    start_s = time.perf_counter()
    blocks = _gather(document, budget_tokens, settings.completion)
    ms = (time.perf_counter() - start_s) * 1_000
    if as_json:
        _print_json(blocks, render(blocks), ms)
    else:
        click.echo(render(blocks).rstrip("\n"))


def _gather(
    document: Document, budget_tokens: int | None, settings: CompletionSettings
) -> tuple[Block, ...]:
    """Return the blocks for a document; none for one that stands in no folder."""
    from lsp_server.context.gather import Gatherer
    from lsp_server.context.project import project_roots
    from lsp_server.context.query import ContextQuery

    if document.path is None:
        return ()
    query = ContextQuery(
        path=document.path,
        text=document.text,
        cursor=document.cursor,
        budget_tokens=budget_tokens or settings.context_tokens,
        language_id=document.language,
        window=(
            max(0, document.cursor - settings.prefix_chars),
            min(len(document.text), document.cursor + settings.suffix_chars),
        ),
        deadline_ms=_DEADLINE_MS,
    )
    return Gatherer(project_roots(document.path)).gather(query).blocks


def _print_json(blocks: tuple[Block, ...], prompt: str, ms: float) -> None:
    import json

    click.echo(
        json.dumps(
            {
                "blocks": [_block_json(block) for block in blocks],
                "prompt": prompt,
                "ms": round(ms, 3),
            },
            ensure_ascii=False,
            indent=2,
        )
    )


def _block_json(block: Block) -> dict[str, Any]:
    return {
        "path": block.path,
        "start_line": block.start_line,
        "end_line": block.end_line,
        "kind": block.kind,
        "score": block.score,
        "tokens": block.tokens,
        "text": block.text,
    }

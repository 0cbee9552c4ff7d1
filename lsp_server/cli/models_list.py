"""`bantam models list`: which models there are, which fit, and which are here."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.cli.model_rows import ModelRow

_FITS_TEXT = {True: "yes", False: "no", None: "?"}


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of text.")
def list_models(as_json: bool) -> None:
    """List the models that Bantam knows; `*` marks the one that is used.

    "Here" says which are downloaded, "Fits" whether weights and KV cache fit into the
    memory that is available now.  Sizes of models that are not here are estimates.
    """
    rows = _rows()
    if as_json:
        values = [row.as_json() for row in rows]
        click.echo(json.dumps(values, indent=2, ensure_ascii=False))
    else:
        _print_table(rows)


def _rows() -> list[ModelRow]:
    from lsp_server.cli.model_rows import row_of_hub_model
    from lsp_server.cli.user_settings import settings_or_fail
    from lsp_server.directories import directories
    from lsp_server.engine.machine import available_memory_bytes
    from lsp_server.errors import ModelError
    from lsp_server.models.engine_names import split_library
    from lsp_server.models.hub.shelf import hub_models

    used = settings_or_fail({}).model.name
    used_id = split_library(used)[1]
    available_bytes = available_memory_bytes()
    rows = _rows_of_files(used, available_bytes)
    for model in hub_models():
        try:
            rows.append(
                row_of_hub_model(
                    model,
                    directories().models,
                    used=model.id == used_id,
                    available_bytes=available_bytes,
                )
            )
        except ModelError as error:
            _warn(error)
    return rows


def _rows_of_files(used: str, available_bytes: int | None) -> list[ModelRow]:
    """Return the rows of what is part of the package, and of a file that the user chose."""
    from lsp_server.cli.model_facts import facts_of
    from lsp_server.cli.model_rows import row_of_file
    from lsp_server.errors import ModelError
    from lsp_server.models.catalogue import catalogue
    from lsp_server.models.engine_names import split_library
    from lsp_server.models.hub.shelf import hub_models

    license_of = {entry.id: entry.license for entry in catalogue()}
    names = list(license_of)
    if split_library(used)[1] not in {*names, *(model.id for model in hub_models())}:
        names.append(used)
    rows = []
    for name in names:
        try:
            facts = facts_of(name)
        except ModelError as error:
            _warn(error)
            continue
        is_used = name in (used, split_library(used)[1])
        rows.append(
            row_of_file(
                name, facts, license_of.get(name), used=is_used, available_bytes=available_bytes
            )
        )
    return rows


def _warn(error: Exception) -> None:
    from lsp_server.cli.border import warn

    warn(str(error))


def _print_table(rows: list[ModelRow]) -> None:
    from rich.table import Table

    from lsp_server.cli.result_console import result_console
    from lsp_server.cli.units import bytes_text, count_text

    table = Table(box=None, pad_edge=False, header_style="bold")
    headers = ("", "Model", "Here", "Fits", "Parameters", "Packed as", "Fills in", "File", "")
    for header in headers:
        table.add_column(header)
    for row in rows:
        table.add_row(
            "*" if row.used else "",
            row.id,
            "yes" if row.downloaded else "",
            _FITS_TEXT[row.fits],
            count_text(row.num_parameters),
            row.quantisation,
            row.fim_format or "no",
            bytes_text(row.file_bytes),
            row.note,
        )
    # A pipe gets whole lines, whatever is on them.
    console = result_console()
    if not console.is_terminal:
        console = result_console(width=1_000)
    console.print(table)

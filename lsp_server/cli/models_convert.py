"""`bantam models convert`: a copy of a model file that another library can read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from lsp_server.models.conversion.convert import Report
    from lsp_server.models.conversion.plan import ConversionPlan


@click.command("convert")
@click.argument("model", metavar="FILE")
@click.option(
    "--for", "library", type=click.Choice(["ctransformers"]), required=True,
    help="The library that is to read the copy.",
)  # fmt: skip
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False),
    help="Where the copy is written; otherwise into Bantam's cache, where the engine looks.",
)  # fmt: skip
def convert(model: str, library: str, output: Path | None) -> None:
    """Write a copy of FILE that ctransformers can read, and print its path.

    FILE is a GGUF file of the llama architecture, or a catalogue id.  The weights stay as they
    are; only the header is written anew, so the copy takes as much room as the file.  The engine
    does this by itself when it loads a model with ctransformers: with this command it is done
    before.  A file that ctransformers cannot run is refused with the reason.
    """
    from lsp_server.cli.user_settings import model_name
    from lsp_server.cli.work_bar import WorkBar
    from lsp_server.errors import UsageError
    from lsp_server.models.catalogue import find_model
    from lsp_server.models.conversion.plan import is_converted, plan_conversion
    from lsp_server.models.engine_names import split_library
    from lsp_server.models.gguf import read_gguf_header

    found = find_model(split_library(model_name(model) or model)[1])
    header = read_gguf_header(found.path)
    if is_converted(header):
        raise UsageError(f"{found.path} was converted for {library} before; use it as it is")
    with WorkBar(f"Converting {found.path.name}") as bar:
        if output is None:
            from lsp_server.directories import directories
            from lsp_server.models.conversion.cache import converted_file

            path = converted_file(header, directories().cache, bar.show).path
        else:
            path = _write(plan_conversion(header), output.absolute(), bar.show)
    click.echo(path)


def _write(plan: ConversionPlan, output: Path, report: Report) -> Path:
    """Write the copy where it was asked for."""
    from lsp_server.errors import UsageError
    from lsp_server.models.conversion.convert import write_converted

    if output.exists() and output.samefile(plan.source.path):
        raise UsageError(f"{output} is the file that is converted; name another output")
    write_converted(plan, output, report)
    return output

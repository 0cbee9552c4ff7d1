"""`bantam models remove`: remove a downloaded model."""

from __future__ import annotations

import click


@click.command("remove")
@click.argument("model_id", metavar="ID")
@click.option("--quantisation", help="Only this file, such as Q8_0; otherwise all of them.")
def remove(model_id: str, quantisation: str | None) -> None:
    """Remove the files of the model ID that `bantam models pull` downloaded.

    What is left of a download that ended early goes, too.  An engine that has the model
    loaded keeps it until it unloads it.
    """
    from lsp_server.cli.units import bytes_text
    from lsp_server.directories import directories
    from lsp_server.models.hub.shelf import choose_file, find_hub_model
    from lsp_server.models.hub.storage import remove_files

    model = find_hub_model(model_id)
    file = None if quantisation is None else choose_file(model, quantisation)
    freed_bytes = remove_files(directories().models, model, file)
    if freed_bytes:
        click.echo(f"removed {model.id}, which frees {bytes_text(freed_bytes)}")
    else:
        click.echo(f"{model.id} is not downloaded; there is nothing to remove")

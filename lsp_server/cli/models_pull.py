"""`bantam models pull`: download a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from lsp_server.models.hub.entry import HubFile, HubModel


@click.command("pull")
@click.argument("model_id", metavar="ID")
@click.option("--quantisation", help="Which file, such as Q8_0; otherwise the first that is known.")
def pull(model_id: str, quantisation: str | None) -> None:
    """Download the model ID from the Hugging Face hub, and print its path.

    A download that ended early goes on where it ended.  The file's SHA-256 digest is checked,
    then its header as the engine checks it.  HF_ENDPOINT, HF_TOKEN and the other variables of
    huggingface_hub apply.
    """
    from lsp_server.cli.border import note
    from lsp_server.cli.transfer_bar import TransferBar
    from lsp_server.directories import directories
    from lsp_server.models.hub.pull import pull as download
    from lsp_server.models.hub.shelf import choose_file, find_hub_model

    model = find_hub_model(model_id)
    file = choose_file(model, quantisation)
    models = directories().models
    note(f"{model.id} is under this licence: {model.license}, {model.license_url}")
    if model.remark:
        note(f"{model.id}: {model.remark}")
    with _locked(models, model), TransferBar(_name(model, file)) as bar:
        path = download(models, model, file, bar.show)
    click.echo(path)


def _name(model: HubModel, file: HubFile) -> str:
    return f"{model.id} {file.quantisation}"


@contextmanager
def _locked(models: Path, model: HubModel) -> Iterator[None]:
    """Hold the model's lock: two downloads at once would write into one file."""
    from lsp_server.directories import make_private
    from lsp_server.engine.shared.file_lock import FileLock
    from lsp_server.errors import UsageError
    from lsp_server.models.hub.storage import lock_path, model_folder

    make_private(model_folder(models, model))
    lock = FileLock(lock_path(models, model))
    if not lock.try_acquire():
        raise UsageError(f"{model.id} is being downloaded by another process; wait until it ends")
    try:
        yield
    finally:
        lock.release()

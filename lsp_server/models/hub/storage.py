"""Where downloaded models lie: `MODELS/ID/FILE`, and nothing else is touched there."""

from __future__ import annotations

from pathlib import Path

from lsp_server.errors import ModelFileError
from lsp_server.models.hub.entry import HubFile, HubModel

_PARTIAL_SUFFIX = ".partial"
_LOCK = "pull.lock"
#: How much of a digest tells two contents of one file name apart.
_TAG_CHARS = 16


def model_folder(models: Path, model: HubModel) -> Path:
    """Return the folder of a model's files."""
    return models / model.id


def file_path(models: Path, model: HubModel, file: HubFile) -> Path:
    """Return where a file lies once it is downloaded and accepted."""
    return model_folder(models, model) / file.file


def partial_path(models: Path, model: HubModel, file: HubFile, etag: str) -> Path:
    """Return where a file lies while it is downloaded; other content has another name."""
    tag = "".join(char for char in etag if char.isalnum())[:_TAG_CHARS]
    return model_folder(models, model) / f"{file.file}.{tag}{_PARTIAL_SUFFIX}"


def lock_path(models: Path, model: HubModel) -> Path:
    """Return the lock that a download of this model holds."""
    return model_folder(models, model) / _LOCK


def downloaded_files(models: Path, model: HubModel) -> tuple[HubFile, ...]:
    """Return the files of a model that are here, in the order of the catalogue."""
    return tuple(file for file in model.files if file_path(models, model, file).is_file())


def downloaded_path(models: Path, model: HubModel) -> Path | None:
    """Return the file that the model's id stands for: the largest one that is here."""
    paths = [file_path(models, model, file) for file in downloaded_files(models, model)]
    return max(paths, key=lambda path: path.stat().st_size, default=None)


def remove_files(models: Path, model: HubModel, file: HubFile | None) -> int:
    """Remove one file of a model, or all, with what is left of broken downloads.

    Returns:
        The bytes that were freed.

    Raises:
        ModelFileError: A file cannot be removed.
    """
    folder = model_folder(models, model)
    chosen = model.files if file is None else (file,)
    paths = [
        path
        for one in chosen
        for path in [folder / one.file, *folder.glob(f"{one.file}.*{_PARTIAL_SUFFIX}")]
        if path.is_file()
    ]
    freed_bytes = sum(path.stat().st_size for path in paths)
    for path in paths:
        _remove(path)
    _remove_empty(folder)
    return freed_bytes


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise ModelFileError(f"{path} cannot be removed: {error.strerror}") from error


def _remove_empty(folder: Path) -> None:
    if folder.is_dir() and {path.name for path in folder.iterdir()} <= {_LOCK}:
        _remove(folder / _LOCK)
        folder.rmdir()

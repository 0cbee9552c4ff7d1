"""A model from the hub to a file that the engine can load: the story of one download."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from lsp_server.directories import make_private
from lsp_server.errors import ModelDownloadError, ModelFileError
from lsp_server.models.gguf import read_gguf_header, require_weights
from lsp_server.models.hub.download import RemoteFile, ask_hub, fetch, require_space
from lsp_server.models.hub.entry import HubFile, HubModel
from lsp_server.models.hub.storage import file_path, model_folder, partial_path
from lsp_server.models.soundness import require_sound

_CHUNK_BYTES = 1 << 20

#: Takes what is being done, the bytes that are done, and the bytes in all.
Progress = Callable[[str, int, int], None]


def pull(models: Path, model: HubModel, file: HubFile, progress: Progress) -> Path:
    """Download a file unless it is here, check it, and return where it lies.

    What arrived of a download that ends early is kept, and the next one goes on after it.  A
    file with the wrong digest, or one that the engine would refuse, is removed.

    Args:
        models: The folder of all models.
        model: The model.
        file: Which file of it.
        progress: Told how far it is.

    Raises:
        ModelDownloadError: The hub or the disk refuses, or the content is wrong.
        ModelFileError: What was downloaded cannot be loaded.
        ConfigError: The folder cannot be made.
    """
    path = file_path(models, model, file)
    if path.is_file():
        return path
    make_private(model_folder(models, model))
    remote = ask_hub(file)
    digest = _expected_digest(file, remote)
    partial = partial_path(models, model, file, remote.etag)
    require_space(remote, partial)
    fetch(file, remote, partial, lambda done, total: progress("Downloading", done, total))
    _require_digest(partial, file, digest, progress)
    _require_loadable(partial, file)
    partial.replace(path)
    return path


def _expected_digest(file: HubFile, remote: RemoteFile) -> str:
    """Return the digest of the catalogue, or else the one that the hub names."""
    if file.sha256 is not None and remote.sha256 not in (None, file.sha256):
        raise ModelDownloadError(
            f"{file.repository}/{file.file} was changed: the catalogue knows the digest "
            f"{file.sha256}, the hub names {remote.sha256}; nothing was downloaded. Update "
            "Bantam, or look at the file yourself and give its path as the model"
        )
    digest = file.sha256 or remote.sha256
    if digest is None:
        raise ModelDownloadError(
            f"neither the catalogue nor the hub knows a SHA-256 digest of {file.repository}/"
            f"{file.file}, so it could not be checked; nothing was downloaded"
        )
    return digest


def _require_digest(path: Path, file: HubFile, digest: str, progress: Progress) -> None:
    found = _sha256(path, progress)
    if found != digest:
        path.unlink()
        raise ModelDownloadError(
            f"{file.repository}/{file.file} has the SHA-256 digest {found} and not {digest}: it "
            "was damaged on its way or changed, and was removed; run the command again"
        )


def _sha256(path: Path, progress: Progress) -> str:
    total_bytes = path.stat().st_size
    digest = hashlib.sha256()
    num_bytes = 0
    with path.open("rb") as content:
        while chunk := content.read(_CHUNK_BYTES):
            digest.update(chunk)
            num_bytes += len(chunk)
            progress("Checking", num_bytes, total_bytes)
    return digest.hexdigest()


def _require_loadable(path: Path, file: HubFile) -> None:
    """Look at the file as the engine will, before it takes its place."""
    try:
        header = read_gguf_header(path)
        require_weights(header)
        require_sound(header)
    except ModelFileError as error:
        path.unlink()
        raise ModelFileError(
            f"{file.repository}/{file.file} was downloaded whole but cannot be used, and was "
            f"removed: {error}"
        ) from error

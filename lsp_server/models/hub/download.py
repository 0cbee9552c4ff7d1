"""One file from the hub, through huggingface_hub, continued where an earlier try ended.

huggingface_hub 2 continues only within one call: it throws away what it has when a download
ends early, which for 20 GB is too much.  So its building blocks are used here, with a partial
file of our own; address, token, proxies and offline mode are as huggingface_hub reads them from
`HF_ENDPOINT`, `HF_TOKEN` and its other variables.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

from lsp_server.errors import ModelDownloadError
from lsp_server.models.hub.entry import HubFile
from lsp_server.models.hub.problems import hub_problems

#: Takes the bytes that are here and the bytes in all.
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """What the hub says of a file.

    Attributes:
        url: Where this very content lies.
        etag: Name of the content; the SHA-256 digest of files in large-file storage.
        num_bytes: Its size.
    """

    url: str
    etag: str
    num_bytes: int

    @property
    def sha256(self) -> str | None:
        """The digest, if the hub names one."""
        is_digest = len(self.etag) == 64 and all(char in "0123456789abcdef" for char in self.etag)
        return self.etag if is_digest else None


def ask_hub(file: HubFile) -> RemoteFile:
    """Return what the hub says of a file.

    Raises:
        ModelDownloadError: It cannot be reached, or does not hand out the file.
    """
    # Read when the library is imported.  Otherwise it would tell the hub what else is installed
    # and which program started us, and fetch a list for that.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    with hub_problems(file):
        url = hf_hub_url(file.repository, file.file, revision=file.revision)
        metadata = get_hf_file_metadata(url)
    if metadata.etag is None or metadata.size is None:
        raise ModelDownloadError(
            f"{url} names no size or no content tag, so it is no hub of models; check HF_ENDPOINT"
        )
    if metadata.commit_hash is not None:
        url = hf_hub_url(file.repository, file.file, revision=metadata.commit_hash)
    return RemoteFile(url, metadata.etag, metadata.size)


def require_space(remote: RemoteFile, partial: Path) -> None:
    """Check that what is missing of a file fits onto the disk.

    Raises:
        ModelDownloadError: It does not.
    """
    present_bytes = partial.stat().st_size if partial.exists() else 0
    missing_bytes = remote.num_bytes - present_bytes
    free_bytes = shutil.disk_usage(partial.parent).free
    if missing_bytes > free_bytes:
        raise ModelDownloadError(
            f"{missing_bytes / 1e9:.1f} GB are to be downloaded, but only {free_bytes / 1e9:.1f} "
            f"GB are free in {partial.parent}; make room, choose a smaller model or "
            "quantisation, or set BANTAM_DATA_HOME to a folder on a larger disk"
        )


def fetch(file: HubFile, remote: RemoteFile, partial: Path, report: Report) -> None:
    """Download a file to `partial`, after what is there already.

    Raises:
        ModelDownloadError: It ended early; what arrived stays in `partial`.
    """
    from huggingface_hub.file_download import http_get

    # Documented, but not in its __all__.
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined]

    with hub_problems(file), partial.open("ab") as target:
        present_bytes = target.tell()
        if present_bytes > remote.num_bytes:
            # Longer than the whole cannot be its beginning.
            target.truncate(0)
            present_bytes = 0
        http_get(
            remote.url,
            target,
            resume_size=present_bytes,
            headers=build_hf_headers(),
            expected_size=remote.num_bytes,
            tqdm_class=cast("Any", _reporting_bar(report)),
        )


def _reporting_bar(report: Report) -> type[object]:
    """Return a class that huggingface_hub takes for a progress bar."""

    class ReportingBar:
        def __init__(self, *, total: float | None, initial: float = 0, **_: object) -> None:
            self._num_bytes = int(initial)
            self._total_bytes = int(total or 0)
            report(self._num_bytes, self._total_bytes)

        def __enter__(self) -> Self:
            return self

        def __exit__(
            self,
            exc_type: type[BaseException] | None,
            exc_value: BaseException | None,
            exc_traceback: TracebackType | None,
        ) -> None:
            pass

        def update(self, num_bytes: float | None = 1) -> None:
            self._num_bytes += int(num_bytes or 0)
            report(self._num_bytes, self._total_bytes)

    return ReportingBar

"""Converted copies of model files, made once and kept in the cache folder.

A copy is named by the digest of its source, so that a changed file gets a new one and the same
file under another name does not.
"""

from __future__ import annotations

from pathlib import Path

from lsp_server.directories import make_private
from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.convert import Report, write_converted
from lsp_server.models.conversion.digest import file_digest
from lsp_server.models.conversion.plan import FORM_VERSION, is_converted, plan_conversion
from lsp_server.models.gguf import GgufHeader, read_gguf_header

_FOLDER = "ctransformers"
_DIGESTS = "digests"
#: How much of the work reading the file for its digest is.
_DIGEST_SHARE = 0.4


def converted_file(header: GgufHeader, cache: Path, report: Report) -> GgufHeader:
    """Return the header of a model's converted copy; makes the copy unless it is there.

    Args:
        header: The header of the model's file; one that is converted already is returned.
        cache: Bantam's cache folder.
        report: Takes the fraction that is done.

    Raises:
        ModelFileError: ctransformers cannot run it, or it cannot be read.
        UsageError: The copy cannot be written.
        ConfigError: The cache folder cannot be made.
    """
    if is_converted(header):
        return header
    plan = plan_conversion(header)
    folder = make_private(cache / _FOLDER)
    digest = file_digest(
        header.path, folder / _DIGESTS, lambda fraction: report(fraction * _DIGEST_SHARE)
    )
    target = folder / f"{digest}-{FORM_VERSION}.gguf"
    present = _present(target)
    if present is not None:
        return present
    write_converted(plan, target, lambda part: report(_DIGEST_SHARE + part * (1.0 - _DIGEST_SHARE)))
    return read_gguf_header(target)


def _present(target: Path) -> GgufHeader | None:
    """Return the header of a copy that is there and whole."""
    try:
        return read_gguf_header(target) if target.exists() else None
    except ModelFileError:
        # A damaged copy is made again.
        return None

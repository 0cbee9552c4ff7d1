"""A converted file's header as its source had it, once the file is known to be as we write it."""

from __future__ import annotations

import dataclasses
from types import MappingProxyType

from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.plan import FORM_KEY, FORM_VERSION, plan_conversion
from lsp_server.models.conversion.tokenizer_values import SOURCE_PREFIX
from lsp_server.models.gguf import GgufHeader

_AGAIN = "convert the original file again with `bantam models convert`"


def restored_header(header: GgufHeader) -> GgufHeader:
    """Return the header of a converted file with the tokenizer's values of its source.

    The library trusts every number in a file, so the file must begin with the very bytes that
    converting it again would give.

    Raises:
        ModelFileError: It was converted by another version of Bantam, or changed since.
    """
    restored = _restored(header)
    head = plan_conversion(restored).head
    try:
        with header.path.open("rb") as file:
            is_ours = file.read(len(head)) == head
    except OSError as error:
        raise ModelFileError(
            f"{header.path}: the file cannot be read: {error.strerror}; check its permissions"
        ) from error
    if not is_ours:
        raise ModelFileError(
            f"{header.path}: its header is not as Bantam writes it for ctransformers; {_AGAIN}"
        )
    return restored


def _restored(header: GgufHeader) -> GgufHeader:
    version = header.metadata.integer(FORM_KEY)
    if version != FORM_VERSION:
        raise ModelFileError(
            f"{header.path}: it was converted for ctransformers in form {version}, and this "
            f"version of Bantam reads form {FORM_VERSION}; {_AGAIN}"
        )
    entries = header.metadata.entries
    originals = {
        key.removeprefix(SOURCE_PREFIX): entry
        for key, entry in entries.items()
        if key.startswith(SOURCE_PREFIX)
    }
    others = {
        key: entry
        for key, entry in entries.items()
        if key != FORM_KEY and not key.startswith(("tokenizer.", SOURCE_PREFIX))
    }
    metadata = dataclasses.replace(
        header.metadata, entries=MappingProxyType({**others, **originals})
    )
    return dataclasses.replace(header, metadata=metadata)

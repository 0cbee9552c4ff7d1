"""What is known of a model that can be downloaded: data, read from `families/*.toml`."""

from __future__ import annotations

from typing import Literal

import msgspec

#: Keys and values are cached in 16 bits.
_BYTES_PER_CACHED_NUMBER = 2

CHAT_ONLY_NOTE = "completes and acts through its chat template"

#: `open` allows everything, `restricted-use` forbids some uses, `research-only` forbids business.
LicenseKind = Literal["open", "restricted-use", "research-only"]


class Attention(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sizes that the KV cache follows from.

    Attributes:
        layers: Layers that cache keys and values.
        kv_heads: Key-value heads of a layer.
        key_length: Numbers of one head's key.
        value_length: Numbers of one head's value.
        source: Where they were read.
    """

    layers: int
    kv_heads: int
    key_length: int
    value_length: int
    source: str

    @property
    def kv_bytes_per_token(self) -> int:
        """Memory of one token in the KV cache, in bytes."""
        numbers = self.layers * self.kv_heads * (self.key_length + self.value_length)
        return numbers * _BYTES_PER_CACHED_NUMBER


class HubFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One GGUF file on the hub.

    Attributes:
        quantisation: How most of its weights are packed, as ggml writes it.
        repository: `owner/name` on the hub.
        file: The file's name in the repository.
        source: Where these facts were read.
        file_bytes: Its size, where it was read; pages round it to three digits.
        sha256: Its digest, only where it was read; otherwise the hub's own is checked.
        revision: The commit that was read; `main` without one.
    """

    quantisation: str
    repository: str
    file: str
    source: str
    file_bytes: int | None = None
    sha256: str | None = None
    revision: str = "main"


class HubModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A model that Bantam knows by name and can download.

    Attributes:
        id: The name.
        family: The family's name.
        kind: Trained to continue text, or to follow instructions.
        architecture: `general.architecture` of its files.
        parameters: Numbers in the model, rounded as its maker does.
        active_parameters: Those that work on one token, if not all do.
        context_tokens: Tokens that it was trained for.
        context_source: Where that was read.
        fim_format: A key of `FIM_FORMATS`, or `None`: it cannot fill in the middle.
        fim_source: Where that was read.
        license: Name or SPDX expression of the weights' licence.
        license_url: Its text.
        license_kind: What it allows.
        license_source: Where it was read that these weights are under it.
        files: What can be downloaded; the first is the default.
        attention: For the estimate of the KV cache; `None` where it was not read.
        note: What people should know, or empty.
    """

    id: str
    family: str
    kind: Literal["base", "instruct"]
    architecture: str
    parameters: int
    context_tokens: int
    context_source: str
    fim_source: str
    license: str
    license_url: str
    license_kind: LicenseKind
    license_source: str
    files: tuple[HubFile, ...]
    active_parameters: int | None = None
    fim_format: str | None = None
    attention: Attention | None = None
    note: str = ""

    @property
    def remark(self) -> str:
        """What people should know, or empty."""
        return self.note or ("" if self.fim_format else CHAT_ONLY_NOTE)

"""The numbers of a llama model, as strictly as ctransformers 0.2.27 needs them.

Its llama.cpp dates from September 2023: it ignores what it does not know and ends the process
over values that make no sense.  So only values that it reads and handles are accepted.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from lsp_server.errors import ModelFileError
from lsp_server.models.conversion.refusal import cannot_run
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_metadata import ArrayValue

_PREFIX = "llama."
#: Keys that are read here, or that change nothing for a model that is accepted.
_KNOWN_KEYS = frozenset(
    _PREFIX + name
    for name in (
        "attention.head_count",
        "attention.head_count_kv",
        "attention.key_length",
        "attention.layer_norm_rms_epsilon",
        "attention.value_length",
        "block_count",
        "context_length",
        "embedding_length",
        "expert_count",
        "expert_used_count",
        "feed_forward_length",
        "rope.dimension_count",
        "rope.freq_base",
        "rope.scale_linear",
        "rope.scaling.factor",
        "rope.scaling.finetuned",
        "rope.scaling.original_context_length",
        "rope.scaling.type",
        "tensor_data_layout",
        "vocab_size",
    )
)
_DEFAULT_ROPE_BASE = 10_000.0
#: The library aborts when it cannot reserve memory; no model of this form is larger.
_MAX_CONTEXT_TOKENS = 1 << 20
_MAX_LAYERS = 512
_MAX_WIDTH = 1 << 20


@dataclass(frozen=True, slots=True)
class Hyperparameters:
    """What the header of a converted file says of the model.

    Attributes:
        num_layers: Transformer blocks.
        context_tokens: Context length.
        embedding_size: Width.
        feed_forward_size: Inner width of the feed-forward part.
        num_heads: Attention heads.
        num_kv_heads: Heads whose keys and values are kept.
        norm_epsilon: Of the RMS norms.
        rope_base: Base of the rotary frequencies.
        rope_scale: Positions are divided by this.
    """

    num_layers: int
    context_tokens: int
    embedding_size: int
    feed_forward_size: int
    num_heads: int
    num_kv_heads: int
    norm_epsilon: float
    rope_base: float
    rope_scale: float

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.embedding_size // self.num_heads


def read_hyperparameters(header: GgufHeader) -> Hyperparameters:
    """Read and check the numbers of a model.

    Raises:
        ModelFileError: ctransformers cannot run it, or a value is missing or impossible.
    """
    architecture = header.metadata.text("general.architecture")
    if architecture != "llama":
        raise cannot_run(
            header.path, f"its architecture is {architecture!r}, and the library knows only 'llama'"
        )
    reader = _Reader(header)
    reader.check_keys()
    parameters = Hyperparameters(
        num_layers=reader.count("block_count", _MAX_LAYERS),
        context_tokens=reader.count("context_length", _MAX_CONTEXT_TOKENS),
        embedding_size=reader.count("embedding_length", _MAX_WIDTH),
        feed_forward_size=reader.count("feed_forward_length", _MAX_WIDTH),
        num_heads=reader.count("attention.head_count", _MAX_WIDTH),
        num_kv_heads=reader.kv_heads(),
        norm_epsilon=reader.positive("attention.layer_norm_rms_epsilon"),
        rope_base=reader.positive("rope.freq_base", _DEFAULT_ROPE_BASE),
        rope_scale=reader.rope_scale(),
    )
    reader.check_heads(parameters)
    return parameters


class _Reader:
    """Asks one header question after question."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self._metadata = header.metadata

    def check_keys(self) -> None:
        """Refuse what the library would ignore in silence."""
        for key in self._metadata.entries:
            if key.startswith(_PREFIX) and key not in _KNOWN_KEYS:
                raise self._refusal(f"it does not know the metadata value {key}")
        if num_experts := self._metadata.try_integer(_PREFIX + "expert_count"):
            raise self._refusal(f"it is a mixture of {num_experts} experts")

    def count(self, name: str, most: int) -> int:
        """Return a number from 1 to `most`."""
        key = _PREFIX + name
        if isinstance(self._metadata.value(key), ArrayValue):
            raise self._refusal(f"{key} is one number per layer")
        number = self._metadata.integer(key)
        if not 1 <= number <= most:
            raise self._refusal(f"{key} is {number}, and it takes 1 to {most}")
        return number

    def kv_heads(self) -> int:
        """Return the heads whose keys are kept; all of them where the file does not say."""
        name = "attention.head_count_kv"
        is_given = self._metadata.value(_PREFIX + name) is not None
        return self.count(name if is_given else "attention.head_count", _MAX_WIDTH)

    def positive(self, name: str, default: float | None = None) -> float:
        """Return a number above 0."""
        key = _PREFIX + name
        number = self._metadata.try_number(key)
        if number is None:
            number = self._metadata.number(key) if default is None else default
        if not (math.isfinite(number) and number > 0):
            raise self._refusal(f"{key} is {number}, and it takes numbers above 0")
        return number

    def rope_scale(self) -> float:
        """Return what positions are divided by.

        Old files say it in `rope.scale_linear`, newer ones in `rope.scaling.*`.
        """
        kind = self._metadata.try_text(_PREFIX + "rope.scaling.type")
        if kind not in {None, "none", "linear"}:
            raise self._refusal(f"its rope scaling is {kind!r}, and it knows only 'linear'")
        is_old = kind is None and self._metadata.value(_PREFIX + "rope.scaling.factor") is None
        if is_old:
            return self.positive("rope.scale_linear", 1.0)
        return 1.0 if kind == "none" else self.positive("rope.scaling.factor", 1.0)

    def check_heads(self, parameters: Hyperparameters) -> None:
        """Check that widths and heads fit one another."""
        heads, kv_heads = parameters.num_heads, parameters.num_kv_heads
        if parameters.embedding_size % heads or heads % kv_heads:
            raise self._refusal(
                f"its width {parameters.embedding_size}, {heads} heads and {kv_heads} key-value "
                "heads do not divide one another"
            )
        for name in ("rope.dimension_count", "attention.key_length", "attention.value_length"):
            size = self._metadata.try_integer(_PREFIX + name)
            if size is not None and size != parameters.head_size:
                raise self._refusal(
                    f"{_PREFIX}{name} is {size}, and it takes only embedding / heads = "
                    f"{parameters.head_size}"
                )

    def _refusal(self, reason: str) -> ModelFileError:
        return cannot_run(self._header.path, reason)

"""Writing a llama-architecture GGUF with random weights."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from scripts.synthetic_model.vocabulary import VocabularyData

_ARCHITECTURE = "llama"
_NORM_EPSILON = 1e-5


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the model is.

    Attributes:
        num_layers: Transformer blocks.
        embedding_size: Width; a multiple of `num_heads`.
        num_heads: Attention heads; a multiple of `num_kv_heads`.
        num_kv_heads: Heads whose keys and values are kept.
        feed_forward_size: Inner width of the feed-forward part.
        context_tokens: Context length that the file announces.
    """

    num_layers: int = 2
    embedding_size: int = 64
    num_heads: int = 4
    num_kv_heads: int = 2
    feed_forward_size: int = 128
    context_tokens: int = 2_048

    @property
    def head_size(self) -> int:
        """Width of one head."""
        return self.embedding_size // self.num_heads


def write_model(
    path: Path, vocabulary: VocabularyData, shape: Shape, *, seed: int = 0, name: str = "synthetic"
) -> None:
    """Write a model whose weights follow from `seed`; F32, so that results are repeatable."""
    writer = gguf.GGUFWriter(path, _ARCHITECTURE)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(shape.num_layers)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.embedding_size)
    writer.add_feed_forward_length(shape.feed_forward_size)
    writer.add_head_count(shape.num_heads)
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_rope_dimension_count(shape.head_size)
    writer.add_layer_norm_rms_eps(_NORM_EPSILON)
    writer.add_vocab_size(vocabulary.num_tokens)
    for field in vocabulary.fields:
        writer.add_key_value(field.key, field.value, field.type, field.item_type)
    for tensor_name, weights in _tensors(vocabulary.num_tokens, shape, seed):
        writer.add_tensor(tensor_name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(
    num_tokens: int, shape: Shape, seed: int
) -> Iterator[tuple[str, npt.NDArray[np.float32]]]:
    random = np.random.default_rng(seed)
    width, inner = shape.embedding_size, shape.feed_forward_size
    kv_width = shape.num_kv_heads * shape.head_size

    def matrix(rows: int, columns: int) -> npt.NDArray[np.float32]:
        # Variance of 1 / columns keeps the size of the values from layer to layer.
        scale = np.float32(1 / np.sqrt(columns))
        return random.standard_normal((rows, columns), dtype=np.float32) * scale

    ones = np.ones(width, np.float32)
    yield "token_embd.weight", matrix(num_tokens, width)
    for layer in range(shape.num_layers):
        block = f"blk.{layer}"
        yield f"{block}.attn_norm.weight", ones
        yield f"{block}.attn_q.weight", matrix(width, width)
        yield f"{block}.attn_k.weight", matrix(kv_width, width)
        yield f"{block}.attn_v.weight", matrix(kv_width, width)
        yield f"{block}.attn_output.weight", matrix(width, width)
        yield f"{block}.ffn_norm.weight", ones
        yield f"{block}.ffn_gate.weight", matrix(inner, width)
        yield f"{block}.ffn_up.weight", matrix(inner, width)
        yield f"{block}.ffn_down.weight", matrix(width, inner)
    yield "output_norm.weight", ones
    yield "output.weight", matrix(num_tokens, width)

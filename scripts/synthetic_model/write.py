"""Writing a GGUF with random weights."""

from __future__ import annotations

from pathlib import Path

import gguf

from scripts.synthetic_model.architectures.base import Architecture, NamedWeights
from scripts.synthetic_model.architectures.llama import LLAMA
from scripts.synthetic_model.shape import Shape as Shape
from scripts.synthetic_model.vocabulary import VocabularyData
from scripts.synthetic_model.weights import RandomWeights, ones

_NORM_EPSILON = 1e-5


def write_model(
    path: Path,
    vocabulary: VocabularyData,
    shape: Shape | None = None,
    *,
    architecture: Architecture = LLAMA,
    seed: int = 0,
    name: str = "synthetic",
) -> None:
    """Write a model whose weights follow from `seed`.

    Args:
        path: The file.
        vocabulary: The model's tokens.
        shape: Its sizes; the architecture's own small ones if not given.
        architecture: What kind of model it is.
        seed: Of the weights.
        name: What the file calls the model.
    """
    shape = shape or architecture.shape
    writer = gguf.GGUFWriter(path, architecture.name)
    writer.add_name(name)
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(shape.num_layers)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.embedding_size)
    writer.add_feed_forward_length(shape.feed_forward_size)
    writer.add_head_count(shape.num_heads)
    writer.add_layer_norm_rms_eps(_NORM_EPSILON)
    writer.add_vocab_size(vocabulary.num_tokens)
    architecture.add_metadata(writer, shape)
    for field in vocabulary.fields:
        writer.add_key_value(field.key, field.value, field.type, field.item_type)
    for tensor_name, weights in _tensors(vocabulary.num_tokens, architecture, shape, seed):
        writer.add_tensor(tensor_name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(num_tokens: int, architecture: Architecture, shape: Shape, seed: int) -> NamedWeights:
    random = RandomWeights(seed)
    yield "token_embd.weight", random.matrix(num_tokens, shape.embedding_size)
    for layer in range(shape.num_layers):
        for name, weights in architecture.layer(random, shape, layer):
            yield f"blk.{layer}.{name}", weights
    yield "output_norm.weight", ones(shape.embedding_size)
    if architecture.has_output:
        yield "output.weight", random.matrix(num_tokens, shape.embedding_size)

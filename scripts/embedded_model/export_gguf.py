"""Write the network and its vocabulary as one GGUF file that llama.cpp loads.

Metadata mirrors llama.cpp's own vocabulary file of DeepSeek-Coder: pre-tokenizer `deepseek-coder`,
sentence markers as control tokens, the other markers as user-defined ones, one begin marker added.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

from .config import ModelShape
from .tokenizer import BEGIN_OF_TEXT, END_OF_TEXT, MARKERS, PRE_TOKENIZER_NAME, Vocabulary

Weights = Mapping[str, NDArray[np.float32]]

_LAYER_PARTS = {
    "attn_norm": "attn_norm",
    "attention.attn_q": "attn_q",
    "attention.attn_k": "attn_k",
    "attention.attn_v": "attn_v",
    "attention.attn_output": "attn_output",
    "ffn_norm": "ffn_norm",
    "feed_forward.ffn_gate": "ffn_gate",
    "feed_forward.ffn_up": "ffn_up",
    "feed_forward.ffn_down": "ffn_down",
}


class MatrixType(Enum):
    """How matrices are stored; norms always stay in single precision."""

    F32 = "f32"
    F16 = "f16"
    Q8_0 = "q8_0"


_TENSOR_TYPES = {
    MatrixType.F32: (gguf.GGMLQuantizationType.F32, gguf.LlamaFileType.ALL_F32),
    MatrixType.F16: (gguf.GGMLQuantizationType.F16, gguf.LlamaFileType.MOSTLY_F16),
    MatrixType.Q8_0: (gguf.GGMLQuantizationType.Q8_0, gguf.LlamaFileType.MOSTLY_Q8_0),
}


@dataclass(frozen=True, slots=True)
class ModelFacts:
    """What the file says about itself."""

    name: str = "bantam-embedded"
    licence: str = "MIT"
    description: str = (
        "A small starter model for Python completion, trained from scratch on permissively"
        " licensed source, with DeepSeek-Coder's fill-in-the-middle markers."
    )


def export_gguf(
    weights: Weights,
    shape: ModelShape,
    vocabulary: Vocabulary,
    matrix_type: MatrixType,
    path: Path,
    facts: ModelFacts | None = None,
) -> None:
    """Write the file; an existing one is replaced at once, when the new one is whole.

    Args:
        weights: the network's state by its PyTorch names, in single precision.
        shape: the network's sizes.
        vocabulary: as large as the network's.
        matrix_type: precision of the matrices.
        path: where to write.
        facts: name, licence and description.
    """
    if vocabulary.size != shape.vocab_size:
        raise ValueError(f"vocabulary has {vocabulary.size} tokens, network {shape.vocab_size}")
    aside = path.with_suffix(".part")
    writer = gguf.GGUFWriter(aside, "llama")
    _, file_type = _TENSOR_TYPES[matrix_type]
    _add_facts(writer, facts or ModelFacts(), file_type)
    _add_shape(writer, shape)
    _add_vocabulary(writer, vocabulary)
    for name, tensor in llama_tensors(weights, shape).items():
        _add_tensor(writer, name, tensor, matrix_type)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    aside.replace(path)


def llama_tensors(weights: Weights, shape: ModelShape) -> dict[str, NDArray[np.float32]]:
    """The weights under llama.cpp's names, queries and keys in its order of rotary pairs."""
    tensors = {
        "token_embd.weight": weights["token_embd.weight"],
        "output_norm.weight": weights["output_norm.weight"],
    }
    num_heads = {"attn_q": shape.num_heads, "attn_k": shape.num_kv_heads}
    for layer in range(shape.num_layers):
        for ours, theirs in _LAYER_PARTS.items():
            tensor = weights[f"blocks.{layer}.{ours}.weight"]
            if theirs in num_heads:
                tensor = _interleave_pairs(tensor, num_heads[theirs])
            tensors[f"blk.{layer}.{theirs}.weight"] = tensor
    return tensors


def _interleave_pairs(matrix: NDArray[np.float32], num_heads: int) -> NDArray[np.float32]:
    """Rows of each head from two halves to neighbours: 0, h/2, 1, h/2 + 1, ..."""
    rows, columns = matrix.shape
    halves = matrix.reshape(num_heads, 2, rows // num_heads // 2, columns)
    return np.ascontiguousarray(halves.swapaxes(1, 2).reshape(rows, columns))


def _add_facts(writer: gguf.GGUFWriter, facts: ModelFacts, file_type: gguf.LlamaFileType) -> None:
    writer.add_name(facts.name)
    writer.add_license(facts.licence)
    writer.add_description(facts.description)
    writer.add_languages(["en"])
    writer.add_tags(["code", "python", "fill-in-the-middle"])
    writer.add_file_type(file_type)
    writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_shape(writer: gguf.GGUFWriter, shape: ModelShape) -> None:
    writer.add_vocab_size(shape.vocab_size)
    writer.add_context_length(shape.context_tokens)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.num_layers)
    writer.add_feed_forward_length(shape.feed_forward_width)
    writer.add_head_count(shape.num_heads)
    writer.add_head_count_kv(shape.num_kv_heads)
    writer.add_rope_dimension_count(shape.head_width)
    writer.add_rope_freq_base(shape.rope_base)
    writer.add_layer_norm_rms_eps(shape.norm_epsilon)


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    tokens = vocabulary.tokens()
    types = [gguf.TokenType.NORMAL] * (len(tokens) - len(MARKERS))
    for marker in MARKERS:
        is_control = marker in (BEGIN_OF_TEXT, END_OF_TEXT)
        types.append(gguf.TokenType.CONTROL if is_control else gguf.TokenType.USER_DEFINED)
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(PRE_TOKENIZER_NAME)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    writer.add_token_merges(vocabulary.merges())
    writer.add_bos_token_id(vocabulary.markers.begin_of_text)
    writer.add_eos_token_id(vocabulary.markers.end_of_text)
    writer.add_pad_token_id(vocabulary.markers.end_of_text)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)


def _add_tensor(
    writer: gguf.GGUFWriter, name: str, tensor: NDArray[np.float32], matrix_type: MatrixType
) -> None:
    is_matrix = tensor.ndim == 2
    tensor_type, _ = _TENSOR_TYPES[matrix_type if is_matrix else MatrixType.F32]
    data = gguf.quants.quantize(tensor, tensor_type)
    writer.add_tensor(name, data, raw_dtype=tensor_type)

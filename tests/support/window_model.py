"""A tiny model with sliding-window attention (Gemma 3's architecture) and random weights."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import numpy.typing as npt

from scripts.synthetic_model.vocabulary import tiny_vocabulary

WINDOW_TOKENS = 16
#: In Gemma 3 every sixth layer attends to everything.
_NUM_LAYERS = 6
_WIDTH = 64
_NUM_HEADS = 2
_HEAD_SIZE = 32
_INNER = 96


def write_window_model(path: Path, seed: int = 0) -> Path:
    """Write the model and return its path."""
    vocabulary = tiny_vocabulary()
    writer = gguf.GGUFWriter(path, "gemma3")
    writer.add_name("window")
    writer.add_file_type(gguf.LlamaFileType.ALL_F32)
    writer.add_block_count(_NUM_LAYERS)
    writer.add_context_length(2048)
    writer.add_embedding_length(_WIDTH)
    writer.add_feed_forward_length(_INNER)
    writer.add_head_count(_NUM_HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(_HEAD_SIZE)
    writer.add_value_length(_HEAD_SIZE)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_sliding_window(WINDOW_TOKENS)
    writer.add_vocab_size(vocabulary.num_tokens)
    for field in vocabulary.fields:
        writer.add_key_value(field.key, field.value, field.type, field.item_type)
    random = np.random.default_rng(seed)

    def matrix(rows: int, columns: int, size: float = 1.0) -> npt.NDArray[np.float32]:
        weights = random.standard_normal((rows, columns), dtype=np.float32)
        return weights * np.float32(size / np.sqrt(columns))

    def ones(size: int) -> npt.NDArray[np.float32]:
        return np.ones(size, np.float32)

    writer.add_tensor("token_embd.weight", matrix(vocabulary.num_tokens, _WIDTH, size=8.0))
    writer.add_tensor("output_norm.weight", ones(_WIDTH))
    for layer in range(_NUM_LAYERS):
        for name, weights in {
            "attn_norm": ones(_WIDTH),
            "attn_q": matrix(_NUM_HEADS * _HEAD_SIZE, _WIDTH),
            "attn_k": matrix(_HEAD_SIZE, _WIDTH),
            "attn_v": matrix(_HEAD_SIZE, _WIDTH),
            "attn_output": matrix(_WIDTH, _NUM_HEADS * _HEAD_SIZE),
            "attn_q_norm": ones(_HEAD_SIZE) * 3,
            "attn_k_norm": ones(_HEAD_SIZE) * 3,
            "post_attention_norm": ones(_WIDTH),
            "ffn_norm": ones(_WIDTH),
            "ffn_gate": matrix(_INNER, _WIDTH),
            "ffn_up": matrix(_INNER, _WIDTH),
            "ffn_down": matrix(_WIDTH, _INNER),
            "post_ffw_norm": ones(_WIDTH),
        }.items():
            writer.add_tensor(f"blk.{layer}.{name}.weight", weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path

"""Models that exist, by their shapes: what a random-weight file of each has to look like.

Shapes are those of the models' own configurations (`config.json` beside the weights), names of
keys those of llama.cpp's conversion.  Vocabularies are those that llama.cpp's source archive has;
where a family's own is not among them, the nearest one stands for it, with the family's markers
for filling in the middle behind its tokens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gguf import RopeScalingType

from scripts.synthetic_model.architectures.registry import ARCHITECTURES
from scripts.synthetic_model.shape import Experts, Latent, MixedLayers, RopeScaling, Shape

_FIM_PIPED = ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>")
_FIM_DEEPSEEK = ("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", "<|EOT|>")
_FIM_CODEGEMMA = (*_FIM_PIPED, "<|file_separator|>")
_FIM_QWEN = (*_FIM_PIPED, "<|file_sep|>", "<|repo_name|>", "<|fim_pad|>")


@dataclass(frozen=True, slots=True)
class Preset:
    """A model to imitate.

    Attributes:
        architecture: A key of `ARCHITECTURES`.
        shape: Its sizes.
        vocabulary: Which of llama.cpp's vocabularies it gets.
        markers: Control tokens that are added if that vocabulary lacks them.
    """

    architecture: str
    shape: Shape
    vocabulary: str
    markers: tuple[str, ...] = ()


_LINEAR_4 = RopeScaling(RopeScalingType.LINEAR, 4.0)
_YARN_OF_V2 = RopeScaling(RopeScalingType.YARN, 40.0, 4_096, yarn_log_multiplier=0.0707)
_YARN_4 = RopeScaling(RopeScalingType.YARN, 4.0, 512)

_DEEPSEEK_CODER = Shape(
    num_layers=24,
    embedding_size=2_048,
    num_heads=16,
    num_kv_heads=16,
    feed_forward_size=5_504,
    context_tokens=16_384,
    norm_epsilon=1e-6,
    rope_base=100_000.0,
    rope_scaling=_LINEAR_4,
)
_V2_LITE = Shape(
    num_layers=27,
    embedding_size=2_048,
    num_heads=16,
    num_kv_heads=16,
    feed_forward_size=10_944,
    context_tokens=163_840,
    own_head_size=64,
    norm_epsilon=1e-6,
    rope_base=10_000.0,
    rope_scaling=_YARN_OF_V2,
    latent=Latent(query_rank=None, size=512, fixed_size=128),
    experts=Experts(
        num_dense_layers=1, num_experts=64, num_used=6, num_shared=2, feed_forward_size=1_408
    ),
)
_CODEGEMMA = Shape(
    num_layers=18,
    embedding_size=2_048,
    num_heads=8,
    num_kv_heads=1,
    feed_forward_size=16_384,
    context_tokens=8_192,
    own_head_size=256,
    norm_epsilon=1e-6,
)
_GEMMA2_2B = Shape(
    num_layers=26,
    embedding_size=2_304,
    num_heads=8,
    num_kv_heads=4,
    feed_forward_size=9_216,
    context_tokens=8_192,
    own_head_size=256,
    norm_epsilon=1e-6,
    window_tokens=4_096,
)
_GEMMA3_1B = Shape(
    num_layers=26,
    embedding_size=1_152,
    num_heads=4,
    num_kv_heads=1,
    feed_forward_size=6_912,
    context_tokens=32_768,
    own_head_size=256,
    norm_epsilon=1e-6,
    window_tokens=512,
    rope_base=1_000_000.0,
)
_GEMMA4_E2B = Shape(
    num_layers=35,
    embedding_size=1_536,
    num_heads=8,
    num_kv_heads=1,
    feed_forward_size=6_144,
    context_tokens=131_072,
    own_head_size=256,
    norm_epsilon=1e-6,
    window_tokens=512,
    rope_base=1_000_000.0,
    mixed=MixedLayers(full_every=5, full_head_size=512, num_shared_kv=20, per_layer_size=256),
)
_QWEN_1_5B = Shape(
    num_layers=28,
    embedding_size=1_536,
    num_heads=12,
    num_kv_heads=2,
    feed_forward_size=8_960,
    context_tokens=32_768,
    norm_epsilon=1e-6,
    rope_base=1_000_000.0,
)
#: No model that exists: a tenth of the 1.3B, for measurements that should not take long.
_DEEPSEEK_CODER_SMALL = replace(
    _DEEPSEEK_CODER,
    num_layers=12,
    embedding_size=768,
    num_heads=12,
    num_kv_heads=12,
    feed_forward_size=2_048,
)
_DEEPSEEK_CODER_6_7B = replace(
    _DEEPSEEK_CODER,
    num_layers=32,
    embedding_size=4_096,
    num_heads=32,
    num_kv_heads=32,
    feed_forward_size=11_008,
)
_GEMMA2_9B = replace(
    _GEMMA2_2B,
    num_layers=42,
    embedding_size=3_584,
    num_heads=16,
    num_kv_heads=8,
    feed_forward_size=14_336,
)
_GEMMA3_4B = replace(
    _GEMMA3_1B,
    num_layers=34,
    embedding_size=2_560,
    num_heads=8,
    num_kv_heads=4,
    feed_forward_size=10_240,
    context_tokens=131_072,
    window_tokens=1_024,
    rope_scaling=RopeScaling(RopeScalingType.LINEAR, 8.0),
)


def _tiny(architecture: str, rope_scaling: RopeScaling | None = None) -> Shape:
    shape = ARCHITECTURES[architecture].shape
    return replace(shape, context_tokens=4_096, rope_scaling=rope_scaling)


#: The tiny ones have the traits of their families that matter to a KV cache.
PRESETS: Mapping[str, Preset] = {
    "deepseek-coder-1.3b": Preset("llama", _DEEPSEEK_CODER, "deepseek-coder"),
    "deepseek-coder-6.7b": Preset("llama", _DEEPSEEK_CODER_6_7B, "deepseek-coder"),
    "deepseek-coder-v2-lite": Preset("deepseek2", _V2_LITE, "deepseek-llm", _FIM_DEEPSEEK),
    "codegemma-2b": Preset("gemma", _CODEGEMMA, "gemma-4", _FIM_CODEGEMMA),
    "gemma-2-2b": Preset("gemma2", _GEMMA2_2B, "gemma-4"),
    "gemma-2-9b": Preset("gemma2", _GEMMA2_9B, "gemma-4"),
    "gemma-3-1b": Preset("gemma3", _GEMMA3_1B, "gemma-4"),
    "gemma-3-4b": Preset("gemma3", _GEMMA3_4B, "gemma-4"),
    "gemma-4-e2b": Preset("gemma4", _GEMMA4_E2B, "gemma-4"),
    "qwen2.5-coder-1.5b": Preset("qwen2", _QWEN_1_5B, "qwen2", _FIM_QWEN),
    "small-deepseek-coder": Preset("llama", _DEEPSEEK_CODER_SMALL, "deepseek-coder"),
    "tiny-deepseek-coder": Preset("llama", _tiny("llama", _LINEAR_4), "deepseek-coder"),
    "tiny-deepseek-coder-v2": Preset(
        *("deepseek2", _tiny("deepseek2", _YARN_OF_V2), "deepseek-llm"), _FIM_DEEPSEEK
    ),
    "tiny-codegemma": Preset("gemma", _tiny("gemma"), "llama-spm", _FIM_CODEGEMMA),
    "tiny-gemma-2": Preset("gemma2", _tiny("gemma2"), "llama-spm"),
    "tiny-gemma-3": Preset("gemma3", _tiny("gemma3"), "llama-spm"),
    "tiny-gemma-4": Preset("gemma4", _tiny("gemma4"), "gemma-4"),
    "tiny-qwen2.5-coder": Preset("qwen2", _tiny("qwen2"), "qwen2", _FIM_QWEN),
    "tiny-qwen2.5-coder-yarn": Preset(*("qwen2", _tiny("qwen2", _YARN_4), "qwen2"), _FIM_QWEN),
}

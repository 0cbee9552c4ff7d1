"""Values in a model file that llama.cpp does not check but ends the process over.

Found by changing each metadata value of a small model and loading it; llama.cpp of
llama-cpp-python 0.3.36, src/llama-model.cpp and src/llama-vocab.cpp.  What llama.cpp refuses with
an error by itself is left to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from lsp_server.errors import ModelFileError
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_metadata import ArrayValue
from lsp_server.models.soundness_latent import require_sound_latent_attention

#: `LLAMA_MAX_LAYERS` and `LLAMA_MAX_EXPERTS` in src/llama-hparams.h.
MAX_LAYERS = 512
MAX_EXPERTS = 1_024
#: The last of `llama_expert_gating_func_type` in the same file.
MAX_GATING = 4
#: `tokenizer.ggml.model` of SentencePiece and byte-level BPE vocabularies.
VOCABULARY_KINDS = ("llama", "gpt2", "gemma4")
ROPE_SCALING_TYPES = ("none", "linear", "yarn", "longrope")
_EPSILONS = ("attention.layer_norm_rms_epsilon", "attention.layer_norm_epsilon")


def require_sound(header: GgufHeader) -> None:
    """Check the values that llama.cpp relies on.

    Raises:
        ModelFileError: One of them would end the process.
    """
    checker = _Checker(header)
    checker.check_layers()
    checker.check_experts()
    checker.check_numbers()
    checker.check_vocabulary()
    checker.check_weights()
    require_sound_latent_attention(header)


class _Checker:
    """Asks one header question after question."""

    def __init__(self, header: GgufHeader) -> None:
        self._header = header
        self._metadata = header.metadata
        self._architecture = header.metadata.text("general.architecture")

    def check_layers(self) -> None:
        key = self._key("block_count")
        num_layers = self._metadata.integer(key)
        if not 1 <= num_layers <= MAX_LAYERS:
            raise self._error(key, num_layers, f"a number from 1 to {MAX_LAYERS}")
        key = self._key("nextn_predict_layers")
        num_extra = self._metadata.try_integer(key) or 0
        if not 0 <= num_extra <= num_layers:
            raise self._error(key, num_extra, f"at most the {num_layers} layers")

    def check_experts(self) -> None:
        key = self._key("expert_count")
        num_experts = self._metadata.try_integer(key) or 0
        if not 0 <= num_experts <= MAX_EXPERTS:
            raise self._error(key, num_experts, f"at most {MAX_EXPERTS}")
        self._check_used_experts(num_experts)
        self._check_gating()
        self._check_expert_groups(num_experts)

    def check_numbers(self) -> None:
        for name in _EPSILONS:
            epsilon = self._metadata.try_number(self._key(name))
            if epsilon is not None and not epsilon >= 0:
                raise self._error(self._key(name), epsilon, "0 or more")
        key = self._key("rope.scaling.type")
        scaling = self._metadata.try_text(key)
        if scaling is not None and scaling not in ROPE_SCALING_TYPES:
            raise self._error(key, scaling, f"one of {', '.join(ROPE_SCALING_TYPES)}")

    def check_vocabulary(self) -> None:
        key = "tokenizer.ggml.model"
        kind = self._metadata.text(key)
        if kind not in VOCABULARY_KINDS:
            raise ModelFileError(
                f"{self._header.path}: its vocabulary is of the kind {kind!r} ({key}); Bantam "
                f"knows {', '.join(VOCABULARY_KINDS)}: choose a code model"
            )
        tokens = self._metadata.texts("tokenizer.ggml.tokens")
        doubled = _doubled(tokens)
        if doubled is not None:
            raise self._error("tokenizer.ggml.tokens", doubled, "a list without repeated tokens")
        missing = _missing_byte(tokens) if kind == "llama" else None
        if missing is not None:
            raise self._error(
                "tokenizer.ggml.tokens", f"without {missing}", "a list with a token per byte"
            )

    def check_weights(self) -> None:
        for tensor in self._header.tensors:
            is_added = tensor.name.endswith((".bias", "_norm.weight"))
            if is_added and tensor.type.name != "F32":
                raise ModelFileError(
                    f"{self._header.path}: the tensor {tensor.name} is packed as "
                    f"{tensor.type.name}; norms and biases must be F32: download or convert the "
                    "model again"
                )

    def _check_used_experts(self, num_experts: int) -> None:
        key = self._key("expert_used_count")
        if isinstance(self._metadata.value(key), ArrayValue):
            counts: Sequence[int] = self._metadata.integers(key)
        else:
            counts = (self._metadata.try_integer(key) or 0,)
        lowest = 1 if num_experts else 0
        if not lowest <= max(counts, default=0) <= num_experts:
            raise self._error(key, max(counts, default=0), f"{lowest} to {num_experts}")

    def _check_gating(self) -> None:
        key = self._key("expert_gating_func")
        gating = self._metadata.try_integer(key) or 0
        if not 0 <= gating <= MAX_GATING:
            raise self._error(key, gating, f"0 to {MAX_GATING}")

    def _check_expert_groups(self, num_experts: int) -> None:
        key, used_key = self._key("expert_group_count"), self._key("expert_group_used_count")
        num_groups = self._metadata.try_integer(key) or 0
        if num_groups and not num_groups < num_experts:
            raise self._error(key, num_groups, f"less than the {num_experts} experts")
        if num_groups > 1 and num_experts % num_groups:
            raise self._error(key, num_groups, f"a divisor of the {num_experts} experts")
        num_used = self._metadata.try_integer(used_key) or 0
        if num_groups > 1 and not 0 < num_used < num_groups:
            raise self._error(used_key, num_used, f"from 1 to less than the {num_groups} groups")

    def _key(self, name: str) -> str:
        return f"{self._architecture}.{name}"

    def _error(self, key: str, value: object, wanted: str) -> ModelFileError:
        return ModelFileError(
            f"{self._header.path}: the metadata value {key} is {value!r}; it must be {wanted}: "
            "download or convert the model again"
        )


def _doubled(tokens: Sequence[str]) -> str | None:
    """Return a token that is there twice; llama.cpp gives empty ones a text of their own."""
    if len(set(tokens)) == len(tokens):
        return None
    counts = Counter(filter(None, tokens))
    return next((token for token, count in counts.items() if count > 1), None)


def _missing_byte(tokens: Sequence[str]) -> str | None:
    """Return the first byte that no token stands for; text with it could not be tokenised."""
    known = set(tokens)
    for byte in range(256):
        name = f"<0x{byte:02X}>"
        # llama.cpp also takes the bare character, which above ASCII is no single byte.
        if name not in known and not (0 < byte < 128 and chr(byte) in known):
            return name
    return None

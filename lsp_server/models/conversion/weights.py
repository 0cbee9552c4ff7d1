"""Which tensors ctransformers 0.2.27 takes: by name, shape and type."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from lsp_server.models.conversion.hyperparameters import Hyperparameters
from lsp_server.models.conversion.refusal import cannot_run
from lsp_server.models.gguf import GgufHeader
from lsp_server.models.gguf_tensors import Tensor

EMBEDDING = "token_embd.weight"
OUTPUT = "output.weight"

#: Types that it knows; others end the process.
_TYPES = (
    "F32",
    "F16",
    "Q4_0",
    "Q4_1",
    "Q5_0",
    "Q5_1",
    "Q8_0",
    "Q2_K",
    "Q3_K",
    "Q4_K",
    "Q5_K",
    "Q6_K",
)
_NORM_TYPE = "F32"

Shape = tuple[int, ...]


def check_weights(
    header: GgufHeader, parameters: Hyperparameters, num_tokens: int
) -> tuple[Tensor, ...]:
    """Check every tensor and return them all, with an output matrix.

    A model without one (tied embeddings) gets it as a second name for the bytes of its embedding.

    Raises:
        ModelFileError: ctransformers cannot run it.
    """
    present = {tensor.name: tensor for tensor in header.tensors}
    expected = dict(_shapes(parameters, num_tokens))
    for name, tensor in present.items():
        if name not in expected:
            raise cannot_run(header.path, f"it does not know the tensor {name!r}")
        _check_tensor(header, tensor, expected[name])
    tensors = list(header.tensors)
    if OUTPUT not in present and EMBEDDING in present:
        tensors.append(dataclasses.replace(present[EMBEDDING], name=OUTPUT))
    missing = expected.keys() - {tensor.name for tensor in tensors}
    if missing:
        raise cannot_run(header.path, f"it has no tensor {min(missing)!r}")
    return tuple(tensors)


def _shapes(parameters: Hyperparameters, num_tokens: int) -> Iterator[tuple[str, Shape]]:
    """Yield every tensor's name and shape, the row length first."""
    width, inner = parameters.embedding_size, parameters.feed_forward_size
    kv_width = parameters.num_kv_heads * parameters.head_size
    yield EMBEDDING, (width, num_tokens)
    yield "output_norm.weight", (width,)
    yield OUTPUT, (width, num_tokens)
    for layer in range(parameters.num_layers):
        for name, shape in (
            ("attn_norm", (width,)),
            ("attn_q", (width, width)),
            ("attn_k", (width, kv_width)),
            ("attn_v", (width, kv_width)),
            ("attn_output", (width, width)),
            ("ffn_norm", (width,)),
            ("ffn_gate", (width, inner)),
            ("ffn_up", (width, inner)),
            ("ffn_down", (inner, width)),
        ):
            yield f"blk.{layer}.{name}.weight", shape


def _check_tensor(header: GgufHeader, tensor: Tensor, shape: Shape) -> None:
    if tensor.shape != shape:
        raise cannot_run(
            header.path, f"the tensor {tensor.name!r} has the shape {tensor.shape}, not {shape}"
        )
    if tensor.type.name not in _TYPES:
        known = ", ".join(_TYPES)
        raise cannot_run(
            header.path,
            f"the tensor {tensor.name!r} is packed as {tensor.type.name}; it knows {known}",
        )
    if len(shape) == 1 and tensor.type.name != _NORM_TYPE:
        raise cannot_run(
            header.path, f"the tensor {tensor.name!r} is {tensor.type.name}; it takes {_NORM_TYPE}"
        )

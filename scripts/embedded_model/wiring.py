"""Start a network with heads that already copy, since a short run hardly finds them by itself.

Two heads of the first layer look one and two tokens back; two heads of the second layer look for
the place where the same tokens stood before and raise what came next there ("induction heads",
arXiv 2209.11895).  Training goes on from there like from any other start.  Without it, a run of ten
million tokens on two CPU cores ended with no copying at all.
"""

from __future__ import annotations

import torch
from torch import Tensor

from .network import Attention, Network

_CONSTANT_SHARE = 0.5
_LOOK_BACK_SCALE = 0.6
_CARRIED_SCALE = 0.04
_MATCH_SCALE = 2.5
_COPY_SCALE = 0.3
_MIN_HEAD_WIDTH = 32


def wire_copying(network: Network) -> None:
    """Change the initial weights in place; needs two layers, three heads and two KV heads.

    Raises:
        ValueError: the network is too small for it.
    """
    shape = network.shape
    is_deep = shape.num_layers >= 2
    if not is_deep or shape.num_heads < 3 or shape.num_kv_heads < 2:
        raise ValueError(f"{shape}: copying needs 2 layers, 3 heads and 2 KV heads; or --no-wired")
    if shape.head_width < _MIN_HEAD_WIDTH:
        raise ValueError(f"{shape}: copying needs heads of {_MIN_HEAD_WIDTH}; or --no-wired")
    with torch.no_grad():
        _add_constant(network)
        first, second = network.blocks[0].attention, network.blocks[1].attention
        basis = _orthonormal(shape.width)
        width = shape.head_width
        seen = basis[:width]
        carried = basis[width : 2 * width], basis[2 * width : 3 * width]
        for back, place in enumerate(carried, start=1):
            _look_back(first, back - 1, back, shape.rope_base)
            _set_values(first, back - 1, seen, place.T * _CARRIED_SCALE)
        slow = _slow_dimensions(width)
        half = len(slow) // 2
        one, two = carried
        _match(second, 0, slow, seen[: len(slow)], one[: len(slow)])
        _match(
            second,
            1,
            slow,
            torch.cat((seen[:half], one[half : 2 * half])),
            torch.cat((one[:half], two[half : 2 * half])),
        )
        for head in (0, 1):
            copied = basis[head * width : (head + 1) * width]
            _set_values(second, head, copied, copied.T * _COPY_SCALE)


def _add_constant(network: Network) -> None:
    """Give each token's embedding the same first coordinate, from which positions can be read."""
    embedding = network.token_embd.weight
    norm = embedding.std() * network.shape.width**0.5
    embedding[:, 0] = norm * _CONSTANT_SHARE


def _orthonormal(width: int) -> Tensor:
    """Orthonormal rows that leave out the constant coordinate; the last one is zero."""
    square, _ = torch.linalg.qr(torch.randn(width - 1, width - 1))
    rows = torch.zeros(width, width)
    rows[:-1, 1:] = square
    return rows


def _slow_dimensions(head_width: int) -> Tensor:
    """Dimensions of a head that rotate little over a whole context, so that contents compare."""
    pairs = torch.arange(head_width // 4, head_width // 2)
    return torch.cat((pairs, pairs + head_width // 2))


def _rows(head: int, attention: Attention) -> slice:
    width = attention.shape.head_width
    return slice(head * width, (head + 1) * width)


def _query_head(kv_head: int, attention: Attention) -> int:
    """The first head that uses a KV head."""
    return kv_head * (attention.shape.num_heads // attention.shape.num_kv_heads)


def _look_back(attention: Attention, kv_head: int, num_back: int, rope_base: float) -> None:
    """Make a head attend to the token `num_back` places before."""
    width = attention.shape.head_width
    angles = num_back * rope_base ** (-2 * torch.arange(width // 2) / width)
    is_fast = torch.arange(width // 2) < width // 4
    query = _rows(_query_head(kv_head, attention), attention)
    key = _rows(kv_head, attention)
    attention.attn_q.weight[query] = 0.0
    attention.attn_k.weight[key] = 0.0
    q = torch.cat((angles.cos(), -angles.sin())) * is_fast.repeat(2)
    k = torch.cat((is_fast.float(), torch.zeros(width // 2)))
    attention.attn_q.weight[query, 0] = q * _LOOK_BACK_SCALE
    attention.attn_k.weight[key, 0] = k * _LOOK_BACK_SCALE


def _match(
    attention: Attention, kv_head: int, dimensions: Tensor, asked: Tensor, offered: Tensor
) -> None:
    """Make a head attend to where `offered` coordinates equal one's own `asked` ones."""
    query = _rows(_query_head(kv_head, attention), attention)
    key = _rows(kv_head, attention)
    attention.attn_q.weight[query] = 0.0
    attention.attn_k.weight[key] = 0.0
    attention.attn_q.weight[query.start + dimensions] = asked * _MATCH_SCALE
    attention.attn_k.weight[key.start + dimensions] = offered * _MATCH_SCALE


def _set_values(attention: Attention, kv_head: int, read: Tensor, write: Tensor) -> None:
    """What a head takes from where it attends to, and where it puts it."""
    key = _rows(kv_head, attention)
    query = _rows(_query_head(kv_head, attention), attention)
    attention.attn_v.weight[key] = read
    attention.attn_output.weight[:, query] = write

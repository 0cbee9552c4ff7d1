"""The network: llama architecture (RoPE, RMSNorm, SwiGLU, grouped-query attention) in PyTorch.

Names of the weights follow llama.cpp's tensors where there is a choice. Rotary pairs are the two
halves of a head here and neighbours in llama.cpp; the exporter permutes queries and keys.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from .attention import causal_attention
from .config import ModelShape
from .loss import sum_of_losses
from .pack import IGNORED_LABEL


class Attention(nn.Module):
    """Causal self-attention with fewer KV heads than heads."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        kv_width = shape.num_kv_heads * shape.head_width
        self.attn_q = nn.Linear(shape.width, shape.width, bias=False)
        self.attn_k = nn.Linear(shape.width, kv_width, bias=False)
        self.attn_v = nn.Linear(shape.width, kv_width, bias=False)
        self.attn_output = nn.Linear(shape.width, shape.width, bias=False)

    def heads(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Normed states `[tokens, width]` to queries, keys and values by head.

        Each is `[tokens, heads, head_width]`.
        """
        weight = torch.cat((self.attn_q.weight, self.attn_k.weight, self.attn_v.weight))
        mixed = functional.linear(x, weight).view(len(x), -1, self.shape.head_width)
        num_heads, num_kv_heads = self.shape.num_heads, self.shape.num_kv_heads
        q, k, v = mixed.split((num_heads, num_kv_heads, num_kv_heads), dim=1)
        return rotate(q, cos, sin), rotate(k, cos, sin), v


class FeedForward(nn.Module):
    """SwiGLU."""

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.ffn_gate = nn.Linear(shape.width, shape.feed_forward_width, bias=False)
        self.ffn_up = nn.Linear(shape.width, shape.feed_forward_width, bias=False)
        self.ffn_down = nn.Linear(shape.feed_forward_width, shape.width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """`[..., width]` to the same."""
        weight = torch.cat((self.ffn_gate.weight, self.ffn_up.weight))
        gate, up = functional.linear(x, weight).chunk(2, dim=-1)
        out: Tensor = self.ffn_down(functional.silu(gate) * up)
        return out


class Block(nn.Module):
    """One layer: attention and feed-forward, each behind a norm and added.

    What lies before and after the attention proper works on `[tokens, width]`, whatever the length
    of the rows, so it is compiled once for all layers and row lengths.
    """

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.attn_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.attention = Attention(shape)
        self.ffn_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        self.feed_forward = FeedForward(shape)

    def before(self, x: Tensor, cos: Tensor, sin: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """States to queries, keys and values."""
        return self.attention.heads(self.attn_norm(x), cos, sin)

    def after(self, x: Tensor, attended: Tensor) -> Tensor:
        """States and what the heads found, both `[tokens, width]`, to the layer's states."""
        x = x + self.attention.attn_output(attended)
        out: Tensor = x + self.feed_forward(self.ffn_norm(x))
        return out


_before = torch.compile(Block.before)
_after = torch.compile(Block.after)


class Network(nn.Module):
    """Token ids to logits; the output layer shares the embedding's weights."""

    cos: Tensor
    sin: Tensor

    def __init__(self, shape: ModelShape) -> None:
        super().__init__()
        self.shape = shape
        self.token_embd = nn.Embedding(shape.vocab_size, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.num_layers))
        self.output_norm = nn.RMSNorm(shape.width, shape.norm_epsilon)
        cos, sin = rotary_tables(shape)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        self._initialise()

    def hidden(self, ids: Tensor, positions: Tensor | None = None) -> Tensor:
        """Ids `[rows, tokens]` to normed states `[rows, tokens, width]`.

        Positions `[tokens]` rise; they are 0, 1, 2 and so on where none are given.
        """
        rows, tokens = ids.shape
        places = slice(0, tokens) if positions is None else positions
        cos, sin = (table[places].repeat(rows, 1)[:, None] for table in (self.cos, self.sin))
        by_row = (rows, tokens, -1, self.shape.head_width)
        groups = self.shape.num_heads // self.shape.num_kv_heads
        x = self.token_embd(ids).flatten(0, 1)
        for block in self.blocks:
            q, k, v = (t.view(by_row).transpose(1, 2) for t in _before(block, x, cos, sin))
            if groups > 1:
                k, v = (t.repeat_interleave(groups, dim=1) for t in (k, v))
            attended = causal_attention(q, k, v).transpose(1, 2).reshape(rows * tokens, -1)
            x = _after(block, x, attended)
        out: Tensor = self.output_norm(x)
        return out.view(rows, tokens, -1)

    def forward(self, ids: Tensor) -> Tensor:
        """Ids `[rows, tokens]` to logits `[rows, tokens, vocab]`."""
        return functional.linear(self.hidden(ids), self.token_embd.weight)

    def loss(self, ids: Tensor, labels: Tensor, positions: Tensor | None = None) -> Tensor:
        """Mean cross-entropy in nats a token, the logits made in pieces to stay in cache."""
        states = self.hidden(ids, positions).flatten(0, 1)
        flat = labels.flatten()
        total = sum_of_losses(states, self.token_embd.weight, flat)
        return total / (flat != IGNORED_LABEL).sum().clamp(min=1)

    def _initialise(self) -> None:
        """Normal weights; layers that write to the residual stream start at zero.

        Embeddings are as large as what layers come to write, or a token's identity would be hard
        to find behind the first layer.  The output norm makes up for it, since the output layer
        has the same weights.
        """
        for name, weight in self.named_parameters():
            if name.endswith(("attn_output.weight", "ffn_down.weight")):
                nn.init.zeros_(weight)
            elif weight.ndim > 1:
                is_embedding = name.startswith("token_embd")
                nn.init.normal_(weight, std=1.0 if is_embedding else self.shape.width**-0.5)
        nn.init.constant_(self.output_norm.weight, self.shape.width**-0.5)


def rotary_tables(shape: ModelShape) -> tuple[Tensor, Tensor]:
    """Cosines and sines, each `[context_tokens, head_width / 2]`."""
    exponents = torch.arange(0, shape.head_width, 2).float() / shape.head_width
    angles = torch.outer(torch.arange(shape.context_tokens).float(), shape.rope_base**-exponents)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
    """Rotary position embedding of `[rows, heads, tokens, head_width]`."""
    first, second = x.chunk(2, dim=-1)
    cos, sin = cos.to(x.dtype), sin.to(x.dtype)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)

"""Cross-entropy over a large vocabulary, a piece of the tokens at a time.

The gradient is computed together with the loss, so logits live only while their piece is in cache
and are never computed twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from .pack import IGNORED_LABEL

#: A CPU keeps the logits of so many tokens in its cache; a GPU wants large products.
_PIECE_TOKENS = 1_024
_GPU_PIECE_TOKENS = 16_384


def sum_of_losses(states: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
    """Summed cross-entropy in nats.

    Args:
        states: `[tokens, width]`.
        weight: `[vocab, width]`, the output layer.
        labels: `[tokens]`; `IGNORED_LABEL` counts nothing.
    """
    total: Tensor = _SumOfLosses.apply(states, weight, labels)
    return total


class _SumOfLosses(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, labels: Tensor) -> Tensor:
        low = torch.bfloat16
        matrix = weight.to(low)
        total = torch.zeros((), dtype=torch.float32, device=states.device)
        grad_weight = torch.zeros_like(weight, dtype=torch.float32)
        grad_states = torch.empty_like(states, dtype=low)
        size = _PIECE_TOKENS if states.device.type == "cpu" else _GPU_PIECE_TOKENS
        for start in range(0, len(labels), size):
            piece = slice(start, start + size)
            inputs = states[piece].to(low)
            loss, grad_logits = _compiled_loss_and_gradient(inputs @ matrix.t(), labels[piece])
            total += loss
            grad_states[piece] = grad_logits @ matrix
            grad_weight += grad_logits.t() @ inputs
        ctx.save_for_backward(grad_states, grad_weight)
        ctx.states_type = states.dtype
        return total

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_states, grad_weight = ctx.saved_tensors
        return (grad_states * grad).to(ctx.states_type), grad_weight * grad, None


def _loss_and_gradient(logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Summed loss of `[tokens, vocab]` logits, and its gradient by them."""
    high = logits.float()
    largest = high.amax(-1, keepdim=True)
    sums = torch.exp(high - largest).sum(-1, keepdim=True)
    is_counted = labels != IGNORED_LABEL
    wanted = labels.clamp(min=0)
    log_sums = (largest + sums.log()).squeeze(-1)
    right = high.gather(-1, wanted[:, None]).squeeze(-1)
    loss = torch.where(is_counted, log_sums - right, 0.0).sum()
    classes = torch.arange(logits.shape[-1], device=logits.device)
    target = (classes[None, :] == wanted[:, None]).float()
    shares = torch.exp(high - largest) / sums - target
    return loss, torch.where(is_counted[:, None], shares, 0.0).to(logits.dtype)


_compiled_loss_and_gradient: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
_compiled_loss_and_gradient = torch.compile(_loss_and_gradient, dynamic=False)

"""Muon (Jordan et al., 2024) for many matrices of few shapes.

PyTorch's own Muon takes one matrix after the other, which on a CPU costs a tenth of a step in calls
alone; here all matrices of one shape are orthogonalised in one batch.  The rate is scaled as in
Moonlight (arXiv 2502.16982), so that it speaks the same unit as AdamW's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_MOMENTUM = 0.95
_ITERATIONS = 5
# Coefficients of the quintic Newton-Schulz iteration, from the publication.
_LINEAR, _CUBIC, _QUINTIC = 3.4445, -4.7750, 2.0315
_SMALLEST_NORM = 1e-7
_ADAMW_DEVIATION = 0.2


class Muon(torch.optim.Optimizer):
    """Momentum whose steps have all singular values near 1."""

    def __init__(self, matrices: Iterable[Tensor], lr: float, weight_decay: float) -> None:
        super().__init__(matrices, {"lr": lr, "weight_decay": weight_decay})

    def step(self, closure: None = None) -> None:
        """Apply the gradients."""
        assert closure is None, "gradients are computed before, not by a closure"
        with torch.no_grad():
            self._step()

    def _step(self) -> None:
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = defaultdict(list)
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape[matrix.shape].append(matrix)
            for shape, matrices in by_shape.items():
                rate = group["lr"] * _ADAMW_DEVIATION * max(shape) ** 0.5
                self._step_together(matrices, rate, 1 - group["lr"] * group["weight_decay"])

    def _step_together(self, matrices: list[Tensor], rate: float, keep: float) -> None:
        grads = [matrix.grad for matrix in matrices if matrix.grad is not None]
        momenta = [self._momentum(matrix) for matrix in matrices]
        torch._foreach_lerp_(momenta, grads, 1 - _MOMENTUM)
        # Nesterov: one step further along the momentum.
        ahead = torch.stack(torch._foreach_lerp(grads, momenta, _MOMENTUM))
        steps = orthogonalised(ahead).to(matrices[0].dtype).unbind()
        torch._foreach_mul_(matrices, keep)
        torch._foreach_add_(matrices, steps, alpha=-rate)

    def _momentum(self, matrix: Tensor) -> Tensor:
        state: dict[str, Any] = self.state[matrix]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(matrix)
        momentum: Tensor = state["momentum"]
        return momentum


def orthogonalised(matrices: Tensor) -> Tensor:
    """Matrices `[count, rows, columns]` with their singular values near 1, in bfloat16."""
    x = matrices.to(torch.bfloat16)
    is_tall = x.shape[1] > x.shape[2]
    if is_tall:
        x = x.transpose(1, 2)
    x = (x / x.norm(dim=(1, 2), keepdim=True).clamp(min=_SMALLEST_NORM)).contiguous()
    for _ in range(_ITERATIONS):
        products = torch.bmm(x, x.transpose(1, 2))
        mixed = torch.baddbmm(products, products, products, beta=_CUBIC, alpha=_QUINTIC)
        x = torch.baddbmm(x, mixed, x, beta=_LINEAR)
    return x.transpose(1, 2) if is_tall else x

"""Two optimizers in one: Muon for matrices inside the layers, AdamW for embedding and norms."""

from __future__ import annotations

from typing import Any

import torch

from .config import TrainConfig
from .muon import Muon
from .network import Network

_ADAM_BETAS = (0.9, 0.95)
_MAX_GRADIENT_NORM = 1.0


class Optimizers:
    """Steps both optimizers at a common factor of their own rates."""

    def __init__(self, network: Network, config: TrainConfig) -> None:
        matrices = [p for p in network.blocks.parameters() if p.ndim == 2]
        norms = [p for p in network.parameters() if p.ndim == 1]
        embedding = network.token_embd.weight
        adamw = torch.optim.AdamW(
            [
                {"params": [embedding], "lr": config.embedding_rate},
                {"params": norms, "lr": config.norm_rate},
            ],
            betas=_ADAM_BETAS,
            weight_decay=0.0,
        )
        muon = Muon(matrices, config.muon_rate, config.weight_decay)
        self._optimizers: list[torch.optim.Optimizer] = [muon, adamw]
        self._rates = [
            [float(group["lr"]) for group in optimizer.param_groups]
            for optimizer in self._optimizers
        ]
        self._clipped = [embedding, *norms]

    def step(self, factor: float) -> None:
        """Apply the gradients at `factor` of the rates, and clear them."""
        torch.nn.utils.clip_grad_norm_(self._clipped, _MAX_GRADIENT_NORM)
        for optimizer, rates in zip(self._optimizers, self._rates, strict=True):
            for group, rate in zip(optimizer.param_groups, rates, strict=True):
                group["lr"] = rate * factor
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict[str, Any]]:
        """State of both, for a checkpoint."""
        return [optimizer.state_dict() for optimizer in self._optimizers]

    def load_state_dict(self, states: list[dict[str, Any]]) -> None:
        """Take over what `state_dict` gave."""
        for optimizer, state in zip(self._optimizers, states, strict=True):
            optimizer.load_state_dict(state)

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
        inside = {id(p) for p in matrices}
        others = [p for p in network.parameters() if id(p) not in inside]
        muon = Muon(matrices, config.muon_rate, config.weight_decay)
        adamw = torch.optim.AdamW(others, lr=config.adamw_rate, betas=_ADAM_BETAS, weight_decay=0.0)
        self._optimizers: list[torch.optim.Optimizer] = [muon, adamw]
        self._rates = [config.muon_rate, config.adamw_rate]
        self._others = others

    def step(self, factor: float) -> None:
        """Apply the gradients at `factor` of the rates, and clear them."""
        torch.nn.utils.clip_grad_norm_(self._others, _MAX_GRADIENT_NORM)
        for optimizer, rate in zip(self._optimizers, self._rates, strict=True):
            for group in optimizer.param_groups:
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

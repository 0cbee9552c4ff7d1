"""The learning rate by share of the time budget: warm-up, stable, decay (WSD).

Time drives it instead of steps, so that a run on a busy machine still ends decayed and on time.
"""

from __future__ import annotations

from .config import TrainConfig


def rate_factor(progress: float, config: TrainConfig) -> float:
    """What the learning rates are multiplied by.

    Args:
        progress: share of the budget that is used, 0 to 1; beyond 1 the factor is 0.
        config: shares of warm-up and decay.
    """
    if progress < config.warmup_share:
        return progress / config.warmup_share
    return min(1.0, max(0.0, (1.0 - progress) / config.decay_share))


def row_tokens_at(progress: float, config: TrainConfig, context_tokens: int) -> int:
    """Row length in tokens: the last share of the run sees rows of the whole context."""
    return context_tokens if progress >= 1.0 - config.long_row_share else config.row_tokens

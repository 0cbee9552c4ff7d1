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


def row_tokens_at(progress: float, draw: float, config: TrainConfig, context_tokens: int) -> int:
    """Row length of a step in tokens: short rows teach most for the time, long ones come last.

    Args:
        progress: share of the budget that is used.
        draw: a random number from 0 to 1, which chooses among lengths.
        config: lengths and shares.
        context_tokens: the longest row.
    """
    if progress < 1.0 - config.long_row_share:
        return config.row_tokens
    return context_tokens if draw < config.long_row_rate else config.medium_row_tokens


def is_decaying(progress: float, config: TrainConfig) -> bool:
    """Whether the rates have left their plateau, after which a run cannot well be prolonged."""
    return progress >= 1.0 - config.decay_share

"""How far two answers are from each other before a token is chosen, and how firm a choice is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lsp_server.engine.sampling import LogitsRow


def divergence_nats(reference: LogitsRow, other: LogitsRow) -> float:
    """Return the Kullback-Leibler divergence of other probabilities from a reference's, in nats.

    Args:
        reference: Logits, `[n_vocab]`.
        other: Logits of the same tokens.
    """
    expected, found = _log_probabilities(reference), _log_probabilities(other)
    # Rounding can make it a little less than 0.
    return round(max(float(np.sum(np.exp(expected) * (expected - found))), 0.0), 7)


def margin_logits(logits: LogitsRow) -> float:
    """Return by how much the best token is ahead of the next best one."""
    second, best = np.partition(logits, -2)[-2:]
    return round(float(best - second), 4)


def _log_probabilities(logits: LogitsRow) -> npt.NDArray[np.float64]:
    shifted = logits.astype(np.float64) - float(logits.max())
    log_sum = float(np.log(np.sum(np.exp(shifted))))
    return shifted - log_sum

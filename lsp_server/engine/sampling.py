"""From logits to a token.

A sampler is made once from a request's settings and is then a function.
The order of the cuts is that of llama.cpp's default chain: top-k, top-p, min-p on the model's
own distribution, temperature last.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from lsp_server.engine.api import Sampling
from lsp_server.errors import EngineError

TokenIds = npt.NDArray[np.int32]
LogitsRow = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Sampled:
    """A chosen token.

    Attributes:
        token: Its id.
        logprob: Natural logarithm of its probability before any cut, if it was asked for.
    """

    token: int
    logprob: float | None


class Sampler:
    """Chooses tokens for one alternative; holds its random numbers."""

    def __init__(self, settings: Sampling, alternative: int, *, want_logprobs: bool) -> None:
        """Start the random numbers at `settings.seed + alternative`."""
        self._settings = settings
        self._want_logprobs = want_logprobs
        self._random = np.random.Generator(np.random.PCG64(settings.seed + alternative))

    def __call__(self, logits: LogitsRow, allowed: TokenIds | None = None) -> Sampled:
        """Choose a token.

        Args:
            logits: One row, `[n_vocab]`; not changed.
            allowed: The only tokens to choose from, ascending; `None` allows all.

        Raises:
            EngineError: The logits are not numbers.
        """
        candidates = logits if allowed is None else logits[allowed]
        if self._settings.temperature == 0.0:
            place = int(np.argmax(candidates))
        else:
            place = self._draw(candidates)
        if np.isnan(candidates[place]):
            raise EngineError(
                "the model computed logits that are not numbers: its file may be damaged, or its "
                "quantisation does not suit this machine; try another file of the model"
            )
        token = place if allowed is None else int(allowed[place])
        return Sampled(token, _logprob(logits, token) if self._want_logprobs else None)

    def _draw(self, logits: LogitsRow) -> int:
        settings = self._settings
        order = _most_likely(logits, settings.top_k)
        probabilities = _softmax(logits[order].astype(np.float64))
        keep = _num_within(probabilities, settings.top_p)
        keep = min(keep, int(np.sum(probabilities >= settings.min_p * probabilities[0])))
        kept = order[:keep]
        tempered = _softmax(logits[kept].astype(np.float64) / settings.temperature)
        place = np.searchsorted(np.cumsum(tempered), self._random.random(), side="right")
        return int(kept[min(int(place), keep - 1)])


def _most_likely(logits: LogitsRow, top_k: int) -> npt.NDArray[np.intp]:
    """Return the places of the `top_k` largest logits (0: all), largest first, ties by place."""
    if 0 < top_k < len(logits):
        smallest_kept = np.partition(logits, len(logits) - top_k)[len(logits) - top_k]
        places = np.flatnonzero(logits >= smallest_kept)
        return places[np.argsort(-logits[places], kind="stable")][:top_k]
    return np.argsort(-logits, kind="stable")


def _num_within(probabilities: npt.NDArray[np.float64], top_p: float) -> int:
    """Return how many of the sorted probabilities it takes to reach `top_p`; at least one."""
    if top_p >= 1.0:
        return len(probabilities)
    reached = np.searchsorted(np.cumsum(probabilities), top_p, side="left")
    return min(int(reached) + 1, len(probabilities))


def _softmax(logits: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    weights = np.exp(logits - logits.max())
    result: npt.NDArray[np.float64] = weights / weights.sum()
    return result


def _logprob(logits: LogitsRow, token: int) -> float:
    shifted = logits.astype(np.float64) - float(logits.max())
    return float(shifted[token] - np.log(np.sum(np.exp(shifted))))

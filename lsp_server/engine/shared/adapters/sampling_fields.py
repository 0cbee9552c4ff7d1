"""How the adapters' fields say that tokens are chosen.  Pure."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from lsp_server.engine.api import Sampling
from lsp_server.engine.shared.adapters.bodies import SharedBody
from lsp_server.engine.shared.adapters.fields import refused

#: Samplers of llama-server that do nothing with the values that `NEUTRAL_VALUES` allows.
_WITHOUT_EFFECT = frozenset(
    {"penalties", "dry", "top_n_sigma", "typ_p", "typical_p", "xtc", "adaptive_p"}
)
_KNOWN = ("top_k", "top_p", "min_p", "temperature")
#: It weighs tokens that end the text, for filling in.  Not here: the likeliest token is taken.
_INFILL = "infill"

_NUM_SEEDS = 2**31


def sampling_of(body: SharedBody) -> Sampling:
    """Return how tokens are chosen.

    Where `samplers` are listed, only those count: without `temperature` in the list the
    probabilities stay as they are, and with `infill` the likeliest token is taken.

    Raises:
        FieldError: A sampler is not known.
    """
    listed = _listed(body.samplers)
    seed = secrets.randbelow(_NUM_SEEDS) if body.seed < 0 else body.seed
    if listed is None:
        return Sampling(
            temperature=body.temperature,
            top_k=body.top_k,
            top_p=body.top_p,
            min_p=body.min_p,
            seed=seed,
        )
    plain = 0.0 if _INFILL in listed or not listed else 1.0
    return Sampling(
        temperature=body.temperature if "temperature" in listed else plain,
        top_k=body.top_k if "top_k" in listed else 0,
        top_p=body.top_p if "top_p" in listed else 1.0,
        min_p=body.min_p if "min_p" in listed else 0.0,
        seed=seed,
    )


def _listed(samplers: Sequence[str] | str | None) -> frozenset[str] | None:
    if samplers is None:
        return None
    if isinstance(samplers, str):
        raise refused("samplers", samplers, "send a list of names, such as " + _names())
    listed = frozenset(samplers)
    for name in samplers:
        if name not in _WITHOUT_EFFECT and name not in (*_KNOWN, _INFILL):
            raise refused("samplers", name, f"there is no such sampler; there are {_names()}")
    return listed


def _names() -> str:
    return ", ".join(f'"{name}"' for name in _KNOWN)

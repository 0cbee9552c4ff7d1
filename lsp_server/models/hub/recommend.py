"""Which model suits a machine, and why: a function of facts, without reading anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsp_server.models.hub.entry import HubFile, HubModel
from lsp_server.models.hub.fit import estimated_memory_bytes

#: Share of the available memory that a model may take: an editor and a browser run, too.
MEMORY_SHARE = 0.6
#: Billions of parameters per core that still answer while one types, without a GPU.  A rule of
#: thumb: prompt processing takes about 2 operations per parameter and token.
_BILLIONS_PER_CORE = 0.4
_BILLION = 1_000_000_000
_SMALLEST_LIMIT = 0.5


@dataclass(frozen=True, slots=True)
class Machine:
    """What counts of a machine.

    Attributes:
        num_cores: Physical cores.
        available_bytes: Memory that is free now, or `None` if the system hides it.
        has_gpu: Whether the engine's library can use a GPU.
    """

    num_cores: int
    available_bytes: int | None
    has_gpu: bool


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What to use.

    Attributes:
        model_id: The model; the embedded one when nothing larger suits.
        quantisation: Which file of it; `None` for the embedded one.
        reasons: Sentences for people: why this one, and why no larger one.
    """

    model_id: str
    quantisation: str | None
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Candidate:
    model: HubModel
    file: HubFile
    memory_bytes: int

    @property
    def working_billions(self) -> float:
        return (self.model.active_parameters or self.model.parameters) / _BILLION


def recommend(models: Sequence[HubModel], machine: Machine, embedded_id: str) -> Recommendation:
    """Return the model for completion that suits a machine best.

    Only base models with a fill-in-the-middle format are considered, and none whose licence
    forbids business; of those that fit and are quick enough, the largest is taken, of two
    alike the one under an open licence.

    Args:
        models: What can be downloaded.
        machine: The machine.
        embedded_id: What to fall back to.
    """
    suited = [model for model in models if _is_for_completion(model)]
    fitting = [one for model in suited if (one := _first_fitting(model, machine)) is not None]
    quick = [one for one in fitting if _is_quick(one, machine)]
    if not quick:
        return Recommendation(embedded_id, None, _no_reasons(fitting, machine))
    best = max(quick, key=_rank)
    return Recommendation(best.model.id, best.file.quantisation, _reasons(best, machine))


def _is_for_completion(model: HubModel) -> bool:
    return (
        model.kind == "base"
        and model.fim_format is not None
        and model.license_kind != "research-only"
    )


def _first_fitting(model: HubModel, machine: Machine) -> _Candidate | None:
    """Return a model with the first of its files that fits; the default one is the first."""
    for file in model.files:
        candidate = _Candidate(model, file, estimated_memory_bytes(model, file))
        if _fits(candidate, machine):
            return candidate
    return None


def _fits(candidate: _Candidate, machine: Machine) -> bool:
    if machine.available_bytes is None:
        return False
    return candidate.memory_bytes <= machine.available_bytes * MEMORY_SHARE


def _is_quick(candidate: _Candidate, machine: Machine) -> bool:
    return machine.has_gpu or candidate.working_billions <= _limit_billions(machine)


def _limit_billions(machine: Machine) -> float:
    return max(machine.num_cores * _BILLIONS_PER_CORE, _SMALLEST_LIMIT)


def _rank(candidate: _Candidate) -> tuple[float, bool, str]:
    # Half a billion more or less is no difference; there the licence decides.
    size = round(candidate.model.parameters / _BILLION)
    return size, candidate.model.license_kind == "open", candidate.model.id


def _reasons(best: _Candidate, machine: Machine) -> tuple[str, ...]:
    model = best.model
    speed = (
        "a GPU can run it"
        if machine.has_gpu
        else f"{machine.num_cores} cores without a GPU answer in time up to about "
        f"{_limit_billions(machine):.1f} billion parameters at work, and it has "
        f"{best.working_billions:.1f}"
    )
    return (
        f"it was trained to fill in the middle of code ({model.fim_format})",
        f"it takes about {_gb(best.memory_bytes)} of the {_free(machine)} that are free, and "
        f"at most {MEMORY_SHARE:.0%} should be taken",
        speed,
        f"its licence is {model.license} ({model.license_kind}): {model.license_url}",
    )


def _no_reasons(fitting: Sequence[_Candidate], machine: Machine) -> tuple[str, ...]:
    if machine.available_bytes is None:
        return ("the system does not say how much memory is free, and the embedded model is small",)
    if not fitting:
        return (
            f"no larger model fits into {MEMORY_SHARE:.0%} of the {_free(machine)} that are free",
        )
    return (
        f"larger models fit, but {machine.num_cores} cores without a GPU would be too slow for "
        "them while you type",
    )


def _free(machine: Machine) -> str:
    return _gb(machine.available_bytes or 0)


def _gb(num_bytes: int) -> str:
    return f"{num_bytes / 1e9:.1f} GB"

"""Which model suits which machine."""

from __future__ import annotations

import pytest

from lsp_server.models.hub.recommend import Machine, Recommendation, recommend
from lsp_server.models.hub.shelf import find_hub_model, hub_models

GB = 1_000_000_000


def _recommend(machine: Machine) -> Recommendation:
    return recommend(hub_models(), machine, "bantam-embedded")


@pytest.mark.parametrize(
    ("machine", "model_id"),
    [
        (Machine(num_cores=1, available_bytes=1 * GB // 2, has_gpu=False), "bantam-embedded"),
        (Machine(num_cores=8, available_bytes=1 * GB // 4, has_gpu=False), "bantam-embedded"),
        (Machine(num_cores=8, available_bytes=None, has_gpu=False), "bantam-embedded"),
        (Machine(num_cores=1, available_bytes=8 * GB, has_gpu=False), "qwen2.5-coder-0.5b"),
        (Machine(num_cores=4, available_bytes=8 * GB, has_gpu=False), "qwen2.5-coder-1.5b"),
        (Machine(8, 64 * GB, has_gpu=False), "deepseek-coder-v2-lite-base"),
        (Machine(num_cores=4, available_bytes=16 * GB, has_gpu=True), "qwen2.5-coder-7b"),
        (Machine(num_cores=8, available_bytes=64 * GB, has_gpu=True), "deepseek-coder-33b-base"),
    ],
)  # fmt: skip
def test_machine_gets_its_model(machine: Machine, model_id: str) -> None:
    found = _recommend(machine)
    assert found.model_id == model_id
    assert found.reasons


@pytest.mark.parametrize("num_cores", [1, 2, 4, 8, 16, 64])
@pytest.mark.parametrize("gigabytes", [1, 4, 8, 16, 64, 256])
@pytest.mark.parametrize("has_gpu", [False, True])
def test_a_downloaded_one_fills_in_and_allows_business(
    num_cores: int, gigabytes: int, has_gpu: bool
) -> None:
    found = _recommend(Machine(num_cores, gigabytes * GB, has_gpu))
    if found.quantisation is None:
        return
    model = find_hub_model(found.model_id)
    assert model.fim_format is not None
    assert model.kind == "base"
    assert model.license_kind != "research-only"


def test_reasons_name_memory_cores_format_and_licence() -> None:
    found = _recommend(Machine(num_cores=4, available_bytes=8 * GB, has_gpu=False))
    text = "\n".join(found.reasons)
    for part in ("qwen2.5-coder", "8.0 GB", "4 cores", "Apache-2.0", "https://"):
        assert part in text


def test_hidden_memory_is_the_reason() -> None:
    (reason,) = _recommend(Machine(8, None, has_gpu=True)).reasons
    assert "does not say how much memory" in reason

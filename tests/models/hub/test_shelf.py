"""Every entry of the catalogue is complete, and says where it was read."""

from __future__ import annotations

import re

import pytest

from lsp_server.errors import ModelNotFoundError, UsageError
from lsp_server.models.catalogue import catalogue
from lsp_server.models.fim_formats import FIM_FORMATS
from lsp_server.models.hub.entry import CHAT_ONLY_NOTE, HubModel
from lsp_server.models.hub.fit import QUANTISATIONS
from lsp_server.models.hub.shelf import choose_file, find_hub_model, hub_models

PROMISED = [
    "deepseek-coder-1.3b-base", "deepseek-coder-1.3b-instruct", "deepseek-coder-6.7b-base",
    "deepseek-coder-6.7b-instruct", "deepseek-coder-33b-base", "deepseek-coder-33b-instruct",
    "deepseek-coder-v2-lite-base", "codegemma-2b", "codegemma-7b", "gemma-2-2b-it",
    "gemma-2-9b-it", "gemma-3-1b-it", "gemma-3-4b-it", "gemma-3-12b-it", "gemma-3-27b-it",
    "gemma-4-e2b-it", "qwen2.5-coder-0.5b", "qwen2.5-coder-1.5b", "qwen2.5-coder-3b",
    "qwen2.5-coder-7b",
]  # fmt: skip


def _ids() -> list[str]:
    return [model.id for model in hub_models()]


def test_promised_models_are_there() -> None:
    assert set(PROMISED) <= set(_ids())


def test_ids_are_unique_and_name_no_path_or_library() -> None:
    ids = [*_ids(), *(entry.id for entry in catalogue())]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9][a-z0-9.-]*", model_id) for model_id in ids)


@pytest.mark.parametrize("model", hub_models(), ids=_ids())
def test_entry_is_valid(model: HubModel) -> None:
    assert model.fim_format is None or model.fim_format in FIM_FORMATS
    assert model.license_url.startswith("https://")
    assert model.context_tokens >= 2_048
    assert model.parameters >= 100_000_000
    for source in (model.context_source, model.fim_source, model.license_source):
        assert source
    assert model.attention is None or model.attention.source
    assert model.files


@pytest.mark.parametrize("model", hub_models(), ids=_ids())
def test_files_are_valid(model: HubModel) -> None:
    quantisations = [file.quantisation for file in model.files]
    assert len(quantisations) == len(set(quantisations))
    assert len({file.file for file in model.files}) == len(model.files)
    for file in model.files:
        assert file.quantisation in QUANTISATIONS
        assert file.quantisation.lower() in file.file.lower()
        assert re.fullmatch(r"[\w.-]+/[\w.-]+", file.repository)
        assert re.fullmatch(r"[\w.-]+\.gguf", file.file)
        assert file.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert file.file_bytes is None or 0.03 < file.file_bytes / model.parameters < 1.2
        assert file.source


def test_models_without_fim_say_so() -> None:
    assert find_hub_model("gemma-3-27b-it").remark == CHAT_ONLY_NOTE
    assert not find_hub_model("deepseek-coder-1.3b-base").remark


def test_unknown_id_lists_the_known_ones() -> None:
    with pytest.raises(ModelNotFoundError, match=r"'gpt-5' .*deepseek-coder-1.3b-base"):
        find_hub_model("gpt-5")


def test_quantisation_is_chosen_whatever_its_case() -> None:
    model = find_hub_model("deepseek-coder-1.3b-base")
    assert choose_file(model, None) is model.files[0]
    assert choose_file(model, "q4_k_m").quantisation == "Q4_K_M"
    with pytest.raises(UsageError, match="'Q1'; choose one of Q8_0, Q4_K_M"):
        choose_file(model, "Q1")

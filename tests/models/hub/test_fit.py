"""Memory of models that are not here yet."""

from __future__ import annotations

from lsp_server.models.hub.fit import estimated_file_bytes, estimated_memory_bytes, fits
from lsp_server.models.hub.shelf import find_hub_model


def test_size_that_was_read_is_taken() -> None:
    model = find_hub_model("gemma-4-e2b-it")
    assert estimated_file_bytes(model, model.files[0]) == 2_841_481_184


def test_size_that_was_not_read_follows_from_parameters() -> None:
    model = find_hub_model("deepseek-coder-1.3b-base")
    assert model.files[0].file_bytes is None
    assert 1.3e9 < estimated_file_bytes(model, model.files[0]) < 1.5e9


def test_memory_holds_the_kv_cache() -> None:
    model = find_hub_model("qwen2.5-coder-7b")
    kv_bytes = estimated_memory_bytes(model, model.files[0]) - 4_680_000_000
    # 28 layers x 4 heads x (128 + 128) numbers x 2 bytes x 4,096 tokens
    assert kv_bytes == 28 * 4 * 256 * 2 * 4_096


def test_model_fits_unless_memory_is_less() -> None:
    assert fits(10, 10) is True
    assert fits(11, 10) is False
    assert fits(11, None) is None

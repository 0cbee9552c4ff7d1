from __future__ import annotations

import pytest

from lsp_server.models.engine_names import LIBRARY_NAMES, split_library, with_library


@pytest.mark.parametrize(
    ("model", "library", "plain"),
    [
        ("bantam-embedded", None, "bantam-embedded"),
        ("ctransformers:bantam-embedded", "ctransformers", "bantam-embedded"),
        ("llama.cpp:/models/a.gguf", "llama.cpp", "/models/a.gguf"),
        ("C:/models/a.gguf", None, "C:/models/a.gguf"),
        ("fake:slow", None, "fake:slow"),
        ("vllm:model", None, "vllm:model"),
    ],
)
def test_a_name_may_begin_with_a_library(model: str, library: str | None, plain: str) -> None:
    assert split_library(model) == (library, plain)


def test_the_last_choice_counts() -> None:
    assert with_library("ctransformers:a", "llama.cpp") == "llama.cpp:a"
    assert with_library("a", "ctransformers") == "ctransformers:a"


def test_every_library_can_be_chosen() -> None:
    assert {split_library(f"{name}:a") for name in LIBRARY_NAMES} == {
        (name, "a") for name in LIBRARY_NAMES
    }

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from lsp_server.cli.examine_ctransformers import examine_ctransformers
from lsp_server.cli.findings import State
from lsp_server.settings.schema import EngineSettings, ModelSettings, Settings
from tests.support.model_copies import copy_model


def settings(model: object, library: str = "ctransformers") -> Settings:
    engine = EngineSettings(library=library)  # type: ignore[arg-type]  # tests name both
    return Settings(model=ModelSettings(name=str(model)), engine=engine)


def test_nothing_is_said_where_it_is_not_chosen(tiny_model: Path) -> None:
    assert examine_ctransformers(settings(tiny_model, "llama.cpp")) == []
    assert examine_ctransformers(settings(f"llama.cpp:{tiny_model}")) == []


def test_a_model_that_it_can_run_is_well(tiny_model: Path) -> None:
    for chosen in (settings(tiny_model), settings(f"ctransformers:{tiny_model}", "llama.cpp")):
        (finding,) = examine_ctransformers(chosen)
        assert finding.state is State.OK


def test_a_model_that_it_cannot_run_is_told(tiny_model: Path, tmp_path: Path) -> None:
    path = copy_model(tiny_model, tmp_path / "gemma.gguf", architecture="gemma")
    (finding,) = examine_ctransformers(settings(path))
    assert finding.state is State.BROKEN
    assert "'gemma'" in finding.text


def test_without_the_extra_the_remedy_installs_it(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    (finding,) = examine_ctransformers(settings(tiny_model))
    assert finding.state is State.BROKEN
    assert "ctransformers and tokenizers" in finding.text
    assert "pip install" in finding.remedy

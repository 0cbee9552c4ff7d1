"""The scheduler and the cache on a runner that has one sequence."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.engine.api import EndReason
from lsp_server.engine.loaded_model import LoadedRunner
from lsp_server.engine.loader import make_loader
from lsp_server.errors import EngineStoppedError, ModelFileError
from lsp_server.settings.schema import EngineSettings
from tests.support.engine import EngineHarness, make_request
from tests.support.model_copies import copy_model

SETTINGS = EngineSettings(library="ctransformers", context_tokens=512, threads=1)

NO_LLAMA_CPP = """
import sys
sys.modules["llama_cpp"] = None
from lsp_server.engine.loader import make_loader
from lsp_server.settings.schema import EngineSettings
load = make_loader(EngineSettings(library="ctransformers"))
loaded = load(sys.argv[1], lambda fraction: True)
print(loaded.info.fim_format)
loaded.runner.close()
"""


@pytest.fixture
def model(tiny_model: Path) -> Iterator[LoadedRunner]:
    loaded = make_loader(SETTINGS)(str(tiny_model), lambda _fraction: True)
    yield loaded
    loaded.runner.close()


def test_the_setting_chooses_the_library(model: LoadedRunner, tiny_model: Path) -> None:
    assert type(model.runner).__name__ == "CtransformersRunner"
    assert model.info.model == str(tiny_model)
    assert model.info.fim_format == "deepseek-coder"


def test_a_name_overrules_the_setting(tiny_model: Path) -> None:
    loaded = make_loader(SETTINGS)(f"llama.cpp:{tiny_model}", lambda _fraction: True)
    try:
        assert type(loaded.runner).__name__ == "LlamaCppRunner"
        assert loaded.info.model == f"llama.cpp:{tiny_model}"
    finally:
        loaded.runner.close()


def test_a_keystroke_computes_what_it_changed(model: LoadedRunner) -> None:
    harness = EngineHarness(model.runner)
    first = harness.answer(make_request("def add(a, b):\n    return", document_key="a"))
    second = harness.answer(make_request("def add(a, b):\n    return a", document_key="a"))
    harness.cache.evict_all()
    fresh = harness.answer(make_request("def add(a, b):\n    return a", document_key="a"))
    assert first.end.cost.tokens_reused == 0
    assert second.end.cost.tokens_reused > second.end.cost.tokens_computed
    assert fresh.end.cost.tokens_reused == 0
    assert second.text() == fresh.text()


def test_a_second_request_waits_for_the_first_and_is_answered(model: LoadedRunner) -> None:
    harness = EngineHarness(model.runner)
    heard = [harness.submit(make_request(text, document_key=text)) for text in ("a = 1", "b = 2")]
    harness.step()
    assert (harness.scheduler.num_running, harness.scheduler.num_waiting) == (1, 1)
    harness.run()
    for each in heard:
        assert EndReason.ERROR not in each.reasons


def test_several_alternatives_are_refused_with_the_limit(model: LoadedRunner) -> None:
    harness = EngineHarness(model.runner)
    heard = harness.submit(make_request(num_alternatives=3))
    assert heard.end.error is not None
    assert "3 alternatives" in heard.end.error.message
    assert "1 at a time" in heard.end.error.message


def test_loading_can_be_given_up_while_it_converts(tiny_model: Path) -> None:
    with pytest.raises(EngineStoppedError, match="given up"):
        make_loader(SETTINGS)(str(tiny_model), lambda _fraction: False)


def test_what_it_cannot_run_is_refused_before_loading(tiny_model: Path, tmp_path: Path) -> None:
    path = copy_model(tiny_model, tmp_path / "gemma.gguf", architecture="gemma2")
    with pytest.raises(ModelFileError, match=r"'gemma2'.*use the engine llama\.cpp"):
        make_loader(SETTINGS)(str(path), lambda _fraction: True)


def test_it_runs_where_llama_cpp_is_not_installed(tiny_model: Path) -> None:
    result = subprocess.run(
        [sys.executable, "-c", NO_LLAMA_CPP, str(tiny_model)],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert (result.stdout, result.returncode) == ("deepseek-coder\n", 0), result.stderr

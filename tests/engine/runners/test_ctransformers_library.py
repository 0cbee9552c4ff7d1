from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsp_server.engine.loader import make_loader
from lsp_server.engine.runners.ctransformers_library import library_for
from lsp_server.errors import ModelLoadError
from lsp_server.settings.schema import EngineSettings


@pytest.mark.parametrize(
    ("flags", "library"),
    [
        ("fpu avx f16c fma avx2 bmi2", "avx2"),
        ("fpu avx f16c", "avx"),
        ("fpu avx", "basic"),
        ("fpu avx2", "basic"),
        ("", "basic"),
    ],
)
def test_the_library_is_one_that_the_processor_can_run(flags: str, library: str) -> None:
    facts = f"processor\t: 0\nmodel name\t: Some: thing\nflags\t\t: {flags}\n\nprocessor\t: 1\n"
    assert library_for(facts) == library


def test_without_the_extra_the_message_says_how_to_install_it(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ctransformers", None)
    load = make_loader(EngineSettings(library="ctransformers"))
    with pytest.raises(ModelLoadError, match=r"pip install 'bantam-lsp\[ctransformers\]'"):
        load(str(tiny_model), lambda _fraction: True)

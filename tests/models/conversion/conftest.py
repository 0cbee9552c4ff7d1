from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.converted import Converted


@pytest.fixture(scope="session")
def converted(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return Converted(tiny_model, tmp_path_factory.mktemp("converted") / "tiny.gguf")


@pytest.fixture(scope="session")
def converted_embedded(embedded_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Converted:
    return Converted(embedded_model, tmp_path_factory.mktemp("converted") / "embedded.gguf")

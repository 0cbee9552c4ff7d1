"""What every test gets: folders of its own, and the model that real tests run on."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories, directories
from scripts.synthetic_model.vocabulary import tiny_vocabulary
from scripts.synthetic_model.write import Shape, write_model
from scripts.vocabularies.fetch import FetchFailed, fetch_vocabularies, vocabulary_folder

EMBEDDED_MODEL = Path(__file__).parents[1] / (
    "lsp_server/models/embedded/bantam-embedded-q8_0.gguf"
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run end-to-end tests last: what is wrong in one part shows in that part's tests first."""
    items.sort(key=lambda item: item.get_closest_marker("e2e") is not None)


@pytest.fixture(autouse=True)
def bantam_directories(monkeypatch: pytest.MonkeyPatch) -> Iterator[Directories]:
    """Redirect every folder that Bantam uses to a short, temporary one.

    Short, because the path of a Unix socket may have no more than 107 bytes.
    """
    with tempfile.TemporaryDirectory(prefix="bantam-", ignore_cleanup_errors=True) as root:
        for variable, name in [
            ("BANTAM_CONFIG_HOME", "config"),
            ("BANTAM_STATE_HOME", "state"),
            ("BANTAM_CACHE_HOME", "cache"),
            ("BANTAM_DATA_HOME", "data"),
            ("BANTAM_RUNTIME_DIR", "run"),
        ]:
            monkeypatch.setenv(variable, str(Path(root, name)))
        yield directories()


@pytest.fixture(scope="session")
def embedded_model() -> Path:
    """Return the file of the embedded model; `BANTAM_TEST_MODEL` names another one."""
    path = Path(os.environ.get("BANTAM_TEST_MODEL", EMBEDDED_MODEL))
    assert path.is_file(), f"the embedded model is part of the package, but {path} is missing"
    return path


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a llama.cpp model of random weights with DeepSeek-Coder's FIM markers."""
    path = tmp_path_factory.mktemp("tiny-model") / "tiny.gguf"
    write_model(path, tiny_vocabulary(), Shape(), name="tiny")
    return path


@pytest.fixture(scope="session")
def vocabularies() -> Path:
    """Return the folder of llama.cpp's vocabulary-only files; fetches it once per machine."""
    folder = vocabulary_folder()
    try:
        fetch_vocabularies(folder)
    except FetchFailed as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"real vocabularies are not fetched yet and cannot be now: {error}")
    return folder

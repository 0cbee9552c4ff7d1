"""Downloads from a hub on this machine: whole, interrupted, wrong, refused."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import huggingface_hub.constants
import msgspec
import pytest

from lsp_server.errors import ModelDownloadError, ModelFileError
from lsp_server.models.hub.entry import HubFile, HubModel
from lsp_server.models.hub.pull import pull
from lsp_server.models.hub.shelf import find_hub_model
from lsp_server.models.hub.storage import downloaded_files, downloaded_path, remove_files
from tests.support.hub_server import HubServer

MODEL = find_hub_model("deepseek-coder-1.3b-base")
#: The catalogue knows no digest of this one: the hub's counts.
FILE = MODEL.files[1]


@pytest.fixture
def hub(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with HubServer(tiny_model.read_bytes()) as server:
        template = server.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", server.endpoint)
        monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
        monkeypatch.setattr(huggingface_hub.constants, "DOWNLOAD_CHUNK_SIZE", 4_096)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_TELEMETRY", True)
        yield server


class Step(NamedTuple):
    name: str
    num_bytes: int
    total_bytes: int


def _nothing(step: str, num_bytes: int, total_bytes: int) -> None:
    pass


def _pull(models: Path, file: HubFile = FILE, model: HubModel = MODEL) -> Path:
    return pull(models, model, file, _nothing)


def test_file_arrives_and_progress_is_told(hub: HubServer, tmp_path: Path) -> None:
    steps: list[Step] = []
    path = pull(tmp_path, MODEL, FILE, lambda *step: steps.append(Step(*step)))
    assert path.read_bytes() == hub.content
    assert [path.name for path in path.parent.iterdir()] == [FILE.file]
    assert {step.name for step in steps} == {"Downloading", "Checking"}
    for name in ("Downloading", "Checking"):
        last = [step for step in steps if step.name == name][-1]
        assert last.num_bytes == last.total_bytes == len(hub.content)


def test_a_file_that_is_here_is_not_asked_for(hub: HubServer, tmp_path: Path) -> None:
    _pull(tmp_path)
    num_requests = len(hub.tokens)
    _pull(tmp_path)
    assert len(hub.tokens) == num_requests


def test_interrupted_download_goes_on_where_it_ended(hub: HubServer, tmp_path: Path) -> None:
    def interrupt(step: str, num_bytes: int, total_bytes: int) -> None:
        if num_bytes > total_bytes // 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pull(tmp_path, MODEL, FILE, interrupt)
    (partial,) = (tmp_path / MODEL.id).iterdir()
    assert partial.suffix == ".partial"
    present_bytes = partial.stat().st_size
    assert 0 < present_bytes < len(hub.content)
    path = _pull(tmp_path)
    assert path.read_bytes() == hub.content
    assert hub.ranges == [None, f"bytes={present_bytes}-"]


def test_connection_that_breaks_again_and_again_keeps_what_arrived(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    hub.cut_after = 0
    with pytest.raises(ModelDownloadError, match="run the command again to go on"):
        _pull(tmp_path)
    hub.cut_after = None
    assert _pull(tmp_path).read_bytes() == hub.content


def test_connection_that_breaks_now_and_then_is_taken_up_again(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.file_download.time.sleep", lambda seconds: None)
    hub.cut_after = len(hub.content) // 3
    assert _pull(tmp_path).read_bytes() == hub.content
    assert len(hub.ranges) > 1


def test_wrong_content_is_removed(hub: HubServer, tmp_path: Path) -> None:
    hub.etag = hashlib.sha256(b"something else").hexdigest()
    with pytest.raises(ModelDownloadError, match=f"not {hub.etag}: it was damaged"):
        _pull(tmp_path)
    assert downloaded_path(tmp_path, MODEL) is None
    assert list((tmp_path / MODEL.id).iterdir()) == []


def test_content_that_the_catalogue_does_not_know_is_not_downloaded(
    hub: HubServer, tmp_path: Path
) -> None:
    assert MODEL.files[0].sha256 is not None
    with pytest.raises(ModelDownloadError, match="was changed: the catalogue knows the digest"):
        _pull(tmp_path, MODEL.files[0])
    assert hub.ranges == []


def test_digest_of_the_catalogue_counts_where_the_hub_names_none(
    hub: HubServer, tmp_path: Path
) -> None:
    hub.etag = "no-digest"
    digest = hashlib.sha256(hub.content).hexdigest()
    assert _pull(tmp_path, msgspec.structs.replace(FILE, sha256=digest)).is_file()
    with pytest.raises(ModelDownloadError, match="neither the catalogue nor the hub"):
        _pull(tmp_path, FILE, find_hub_model("gemma-2-2b-it"))


def test_file_that_is_no_model_is_refused_and_removed(hub: HubServer, tmp_path: Path) -> None:
    hub.content = b"<html>not a model</html>" * 100
    hub.etag = hashlib.sha256(hub.content).hexdigest()
    with pytest.raises(ModelFileError, match=r"cannot be used, and was removed: .*not a GGUF file"):
        _pull(tmp_path)
    assert list((tmp_path / MODEL.id).iterdir()) == []


def test_full_disk_is_said_before_anything_is_downloaded(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000)
    monkeypatch.setattr("lsp_server.models.hub.download.shutil.disk_usage", lambda path: usage)
    with pytest.raises(ModelDownloadError, match=r"only 0\.0 GB are free in .*BANTAM_DATA_HOME"):
        _pull(tmp_path)
    assert hub.ranges == []


def test_gated_model_says_how_to_get_it(hub: HubServer, tmp_path: Path) -> None:
    hub.gated = True
    with pytest.raises(ModelDownloadError, match=r"accepted its licence.*hf auth login.*HF_TOKEN"):
        _pull(tmp_path)


def test_token_is_sent(hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    _pull(tmp_path)
    assert set(hub.tokens) == {"Bearer hf_test"}


def test_hub_that_is_not_there(
    hub: HubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with HubServer(b"") as gone:
        endpoint = gone.endpoint
    template = endpoint + "/{repo_id}/resolve/{revision}/{filename}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    with pytest.raises(ModelDownloadError, match="check the network, proxies and HF_ENDPOINT"):
        _pull(tmp_path)


def test_removed_files_are_gone_and_others_stay(hub: HubServer, tmp_path: Path) -> None:
    path = _pull(tmp_path)
    assert downloaded_files(tmp_path, MODEL) == (FILE,)
    (path.parent / f"{FILE.file}.abc.partial").write_bytes(b"x")
    (path.parent / "mine.gguf").write_bytes(b"mine")
    assert remove_files(tmp_path, MODEL, None) == len(hub.content) + 1
    assert [path.name for path in path.parent.iterdir()] == ["mine.gguf"]
    (path.parent / "mine.gguf").unlink()
    assert remove_files(tmp_path, MODEL, FILE) == 0
    assert not path.parent.exists()

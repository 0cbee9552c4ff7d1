from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lsp_server.errors import ModelNotFoundError
from lsp_server.models.catalogue import catalogue, find_model
from lsp_server.settings.schema import Settings


def test_ids_are_unique() -> None:
    ids = [entry.id for entry in catalogue()]
    assert len(ids) == len(set(ids))


def test_default_model_is_in_the_catalogue() -> None:
    assert Settings().model.name in {entry.id for entry in catalogue()}


def test_catalogued_file_lies_in_the_package() -> None:
    for entry in catalogue():
        assert entry.path.suffix == ".gguf"
        assert entry.path.is_absolute()


@pytest.mark.real_model
def test_embedded_model_is_found_by_its_id() -> None:
    found = find_model("bantam-embedded")
    assert found.path.is_file()
    assert found.description


def test_absolute_path_is_a_model(tmp_path: Path) -> None:
    path = tmp_path / "other.gguf"
    path.touch()
    found = find_model(str(path))
    assert (found.name, found.path) == (str(path), path)


def test_home_folder_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    (tmp_path / "mine.gguf").touch()
    assert find_model("~/mine.gguf").path == tmp_path / "mine.gguf"


@pytest.mark.parametrize("name", ["no-such-model", "models/relative.gguf", "", "fake"])
def test_unknown_name_lists_what_there_is(name: str) -> None:
    with pytest.raises(ModelNotFoundError, match="bantam-embedded") as caught:
        find_model(name)
    assert repr(name) in str(caught.value)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFoundError, match=r"absent\.gguf; give the path"):
        find_model(str(tmp_path / "absent.gguf"))


def test_unknown_home_is_reported() -> None:
    with pytest.raises(ModelNotFoundError, match="write the whole path"):
        find_model("~no-such-user-here/model.gguf")


def test_missing_embedded_file_says_to_install_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = replace(catalogue()[0], path=tmp_path / "absent.gguf")
    monkeypatch.setattr("lsp_server.models.catalogue._CATALOGUE", (broken,))
    with pytest.raises(ModelNotFoundError, match="install Bantam again"):
        find_model(broken.id)

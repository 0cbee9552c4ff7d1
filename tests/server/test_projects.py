"""Which files the model may be shown for an open document."""

from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.server.projects import project_of
from lsp_server.server.protocol.documents import Document
from lsp_server.server.protocol.indexed_text import IndexedText
from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import ghost, in_process


def opened(path: Path, text: str = "") -> Document:
    return Document(path.as_uri(), "python", 1, IndexedText.of(text))


def test_files_of_the_workspace_folders_may_be_shown(tmp_path: Path) -> None:
    folders = [tmp_path / "a", tmp_path / "b"]
    project = project_of(opened(tmp_path / "a/x.py"), [one.as_uri() for one in folders], ())
    assert project is not None
    assert project.file == tmp_path / "a/x.py"
    assert project.roots == tuple(folders)


def test_document_outside_of_the_workspace_belongs_to_its_repository(tmp_path: Path) -> None:
    (tmp_path / "other/.git").mkdir(parents=True)
    document = opened(tmp_path / "other/pkg/x.py")
    project = project_of(document, [(tmp_path / "a").as_uri()], ())
    assert project is not None
    assert project.roots == (tmp_path / "other",)


def test_document_in_the_home_folder_belongs_to_no_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".git").mkdir()
    project = project_of(opened(tmp_path / "x.py"), (), ())
    assert project is not None
    assert project.roots == ()


def test_other_open_documents_count_with_their_texts(tmp_path: Path) -> None:
    documents = [opened(tmp_path / "y.py", "unsaved")]
    project = project_of(opened(tmp_path / "x.py"), (), documents)
    assert project is not None
    assert dict(project.open_texts) == {(tmp_path / "y.py").resolve(): "unsaved"}


def test_document_without_a_file_stands_alone() -> None:
    untitled = Document("untitled:Untitled-1", "python", 1, IndexedText.of(""))
    assert project_of(untitled, (), ()) is None


async def test_saved_file_reaches_the_model(tmp_path: Path) -> None:
    engine = WritingEngine(texts=["1"])
    shelf, app = tmp_path / "shelf.py", tmp_path / "app.py"
    shelf.write_text("def put(old): ...\n", encoding="utf-8")
    async with in_process(
        engine, {"completion.debounce_ms": 0, "completion.context_ms": 60_000}
    ) as client:
        await client.start(rootUri=tmp_path.as_uri())
        at = client.open("from shelf import put\n\nput(‸)\n", uri=app.as_uri())
        await client.ask("textDocument/inlineCompletion", ghost(at))
        assert "def put(old):" in engine.prompt
        shelf.write_text("def put(changed): ...\n", encoding="utf-8")
        client.notify("textDocument/didSave", {"textDocument": {"uri": shelf.as_uri()}})
        at = client.type("2 * ", at, version=2)
        await client.ask("textDocument/inlineCompletion", ghost(at))
        assert "def put(changed):" in engine.prompt

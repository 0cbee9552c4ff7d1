"""Workspaces of every shape: which files the model is shown, and when it is shown others."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pygls.exceptions import JsonRpcException

from lsp_server.context.languages.registry import languages
from tests.support.completion import WritingEngine
from tests.support.lsp_in_process import JsonClient, ghost, in_process
from tests.support.lsp_session import eventually

GHOST = "textDocument/inlineCompletion"
USES_SHELF = "from shelf import put\n\nput(‸)\n"
FILE_EVENTS: dict[str, Any] = {
    "workspace": {
        "didChangeWatchedFiles": {"dynamicRegistration": True},
        "fileOperations": {"didCreate": True, "didRename": True, "didDelete": True},
        "workspaceFolders": True,
    }
}


@pytest.fixture
def engine() -> WritingEngine:
    return WritingEngine(texts=["1"])


@pytest.fixture
async def client(engine: WritingEngine) -> AsyncIterator[JsonClient]:
    settings: dict[str, object] = {"completion.debounce_ms": 0, "completion.context_ms": 60_000}
    async with in_process(engine, settings) as client:
        yield client


def folder(path: Path, uri: str = "") -> dict[str, str]:
    return {"uri": uri or path.as_uri(), "name": path.name}


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


async def prompt(client: JsonClient, engine: WritingEngine, file: Path | str) -> str:
    """Return what the model is asked for a new document that uses `shelf`."""
    uri = file if isinstance(file, str) else file.as_uri()
    at = client.open(USES_SHELF, uri=uri)
    await client.ask(GHOST, ghost(at))
    client.notify("textDocument/didClose", {"textDocument": {"uri": uri}})
    return engine.prompt


async def test_without_a_folder_the_files_own_folder_counts(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    await client.start(workspaceFolders=None)
    write(tmp_path / "shelf.py", "def put(alone): ...\n")
    assert "def put(alone):" in await prompt(client, engine, tmp_path / "app.py")


async def test_each_of_several_folders_shows_its_own_files(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write(tmp_path / name / "shelf.py", f"def put({name}): ...\n")
    await client.start(workspaceFolders=[folder(tmp_path / name) for name in ("one", "two")])
    assert "def put(two):" in await prompt(client, engine, tmp_path / "two/app.py")
    assert "def put(one):" in await prompt(client, engine, tmp_path / "one/app.py")


async def test_a_root_path_is_as_good_as_a_folder(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    write(tmp_path / "shelf.py", "def put(old): ...\n")
    await client.start(rootPath=str(tmp_path))
    assert "# pkg/app.py" in await prompt(client, engine, tmp_path / "pkg/app.py")


async def test_folders_are_added_removed_and_renamed(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    inner = tmp_path / "deep/project"
    write(inner / "shelf.py", "def put(inside): ...\n")
    (inner / "pkg").mkdir()
    await client.start(FILE_EVENTS, workspaceFolders=[])

    async def change(added: list[dict[str, str]], removed: list[dict[str, str]]) -> str:
        event = {"added": added, "removed": removed}
        client.notify("workspace/didChangeWorkspaceFolders", {"event": event})
        return await prompt(client, engine, inner / "pkg/app.py")

    this = folder(inner)
    assert "put(inside)" not in await change([], [])
    assert "put(inside)" in await change([this], [])
    # This is how an editor renames a folder.
    assert "put(inside)" in await change([{**this, "name": "other"}], [this])
    assert "put(inside)" not in await change([], [this])
    assert "put(inside)" not in await change([], [this])


@pytest.mark.parametrize("name", ["wörk späce", "漢字 🦜", "100% #1?", "a;b,c=d", "[x]"])
@pytest.mark.parametrize("is_encoded", [True, False])
async def test_folders_and_files_of_any_name(
    client: JsonClient, engine: WritingEngine, tmp_path: Path, name: str, is_encoded: bool
) -> None:
    """A client may write a folder's name and a file's in two ways, as long as both are URIs."""
    root = tmp_path / name
    write(root / "shelf.py", "def put(found): ...\n")
    plain = root.as_uri() if is_encoded or set(name) & set("%#?") else f"file://{root}"
    await client.start(workspaceFolders=[folder(root, plain)])
    said = await prompt(client, engine, root / "my bücher/app.py")
    assert "my bücher/app.py" in said
    assert str(tmp_path) not in said
    assert "def put(found):" in await prompt(client, engine, root / "app.py")


async def test_a_file_name_that_is_no_unicode(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    folder_name = os.fsdecode(os.fsencode(tmp_path) + b"/caf\xe9")
    write(Path(folder_name) / "shelf.py", "def put(latin): ...\n")
    await client.start(rootUri=f"{tmp_path.as_uri()}/caf%E9")
    assert "def put(latin):" in await prompt(
        client, engine, f"{tmp_path.as_uri()}/caf%E9/app%E9.py"
    )


@pytest.mark.parametrize(
    "uri",
    [
        "untitled:Untitled-1",
        "git:/project/app.py?%7B%22ref%22%3A%22HEAD%22%7D",
        "vscode-notebook-cell:/project/notebook.ipynb#W0sZmlsZQ%3D%3D",
        "vscode-vfs://github/owner/project/app.py",
        "file://[broken/app.py",
        "file:///nul%00/app.py",
        "file:relative/app.py",
        "file:///",
        "\ud83d",
        "",
    ],
)
async def test_documents_without_a_file_are_completed(client: JsonClient, uri: str) -> None:
    await client.start(rootUri="file:///project")
    at = client.open(USES_SHELF, uri=uri)
    assert (await client.ask(GHOST, ghost(at)))["items"]
    place = {"start": at["position"], "end": at["position"]}
    params = {**at, "range": place, "context": {"diagnostics": []}}
    assert isinstance(await client.ask("textDocument/codeAction", params), list)


async def test_neighbours_that_are_binary_or_no_utf_8_are_no_harm(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    (tmp_path / "shelf.py").write_bytes(b"def put(n\xe9\xff): ...\n")
    (tmp_path / "other.py").write_bytes(b"def put(\0binary): ...\n")
    await client.start(rootUri=tmp_path.as_uri())
    said = await prompt(client, engine, tmp_path / "app.py")
    assert "def put(n\ufffd\ufffd):" in said
    assert "binary" not in said


async def test_the_client_is_asked_to_tell_of_files(client: JsonClient) -> None:
    result = await client.start(FILE_EVENTS)
    operations = result["capabilities"]["workspace"]["fileOperations"]
    assert set(operations) == {"didCreate", "didRename", "didDelete"}
    await eventually(lambda: client.requests)
    [registration] = client.requests[0]["params"]["registrations"]
    assert registration["method"] == "workspace/didChangeWatchedFiles"
    globs = {one["globPattern"] for one in registration["registerOptions"]["watchers"]}
    endings = {ending for language in languages() for ending in language.extensions}
    assert {f"**/*{ending}" for ending in endings} < globs


async def test_clients_that_refuse_to_tell_of_files_are_served(
    client: JsonClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(params: object) -> None:
        raise JsonRpcException("no", -32601)

    monkeypatch.setattr(client.server, "client_register_capability_async", refuse)
    await client.start(FILE_EVENTS)
    await eventually(lambda: "does not register" in caplog.text)
    assert (await client.ask(GHOST, ghost(client.open("value = ‸\n"))))["items"]


EVENTS: list[tuple[str, Any]] = [
    ("workspace/didChangeWatchedFiles", lambda new, old: {"changes": [{"uri": new, "type": 1}]}),
    ("workspace/didCreateFiles", lambda new, old: {"files": [{"uri": new}]}),
    (
        "workspace/didRenameFiles",
        lambda new, old: {"files": [{"oldUri": old, "newUri": new}]},
    ),
    ("workspace/didDeleteFiles", lambda new, old: {"files": [{"uri": old}]}),
]


@pytest.mark.parametrize(("method", "params"), EVENTS)
async def test_files_that_come_and_go_are_looked_at_anew(
    client: JsonClient, engine: WritingEngine, tmp_path: Path, method: str, params: Any
) -> None:
    """The module `shelf` was a file and is a package now."""
    await client.start(FILE_EVENTS, rootUri=tmp_path.as_uri())
    old = write(tmp_path / "shelf.py", "def put(old): ...\n")
    assert "def put(old):" in await prompt(client, engine, tmp_path / "app.py")
    old.unlink()
    new = write(tmp_path / "shelf/__init__.py", "def put(new): ...\n")
    client.notify(method, params(new.as_uri(), old.as_uri()))
    assert "def put(new):" in await prompt(client, engine, tmp_path / "app.py")


async def test_a_document_whose_file_was_deleted_stays_open(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    await client.start(FILE_EVENTS, rootUri=tmp_path.as_uri())
    file = write(tmp_path / "app.py", "value = \n")
    at = client.open("value = ‸\n", uri=file.as_uri())
    file.unlink()
    tmp_path.joinpath("app.py").mkdir()
    client.notify("workspace/didDeleteFiles", {"files": [{"uri": file.as_uri()}]})
    client.notify("textDocument/didSave", {"textDocument": {"uri": file.as_uri()}})
    assert (await client.ask(GHOST, ghost(at)))["items"]


async def test_a_renamed_document_goes_on_under_its_new_name(
    client: JsonClient, engine: WritingEngine, tmp_path: Path
) -> None:
    await client.start(FILE_EVENTS, rootUri=tmp_path.as_uri())
    old, new = tmp_path / "old.py", tmp_path / "new.py"
    client.open("value = ‸\n", uri=old.as_uri())
    names = {"files": [{"oldUri": old.as_uri(), "newUri": new.as_uri()}]}
    client.notify("workspace/didRenameFiles", names)
    client.notify("textDocument/didClose", {"textDocument": {"uri": old.as_uri()}})
    at = client.open("value = ‸\n", uri=new.as_uri())
    assert (await client.ask(GHOST, ghost(at)))["items"]
    assert "new.py" in engine.prompt

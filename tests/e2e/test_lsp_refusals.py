"""Faults that the language server meets: told once, in words, and the editor stays usable."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support import lsp_session
from tests.support.engine_processes import no_engine_left
from tests.support.gguf_files import RawGguf
from tests.support.lsp_session import LspSession, eventually
from tests.support.places import full

pytestmark = pytest.mark.e2e

#: A user that exists nearly everywhere, and is nobody's own.
NOBODY = 65_534
TEXT = "def add(a, b):\n    ‸\n"
#: Every model of Python says the same here.
CERTAIN_TEXT = "import os\n\n\ndef main() -> None:\n    for i in ran‸\n"


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


async def check_told_once(session: LspSession, words: Sequence[str]) -> None:
    """Expect empty answers while a person types, and one message with these words."""
    document = session.open(TEXT)
    for letter in "ret":
        assert not (await session.ask(document)).items
        session.type(document, letter)
    (message,) = session.messages
    for word in words:
        assert word in message, message
    assert "Traceback" not in message


def write_model(path: Path, whole: Path) -> Path:
    """Write a file that is cut, or a vocabulary alone."""
    is_cut = path.stem == "truncated"
    path.write_bytes(whole.read_bytes()[:500_000] if is_cut else RawGguf(tensors=()).content())
    return path


def make_room(pid: int, folder: Path) -> None:
    """Remove what fills a folder for a process, which lives among mounts of its own."""
    Path(f"/proc/{pid}/root{folder}/filler").unlink()


@pytest.mark.real_model
@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("truncated", ("truncated", "download the model again")),
        ("vocabulary", ("vocabulary and no weights", "give the path of a whole model")),
    ],
)
async def test_a_bad_model_file_is_told_once_until_a_good_one_is_there(
    name: str, words: tuple[str, ...], embedded_model: Path, tmp_path: Path
) -> None:
    model = write_model(tmp_path / f"{name}.gguf", embedded_model)
    async with lsp_session.lsp_session(options={"model": {"name": str(model)}}) as session:
        await check_told_once(session, (str(model), *words))
        shutil.copyfile(embedded_model, model)
        await check_works(session, CERTAIN_TEXT)


async def test_a_runtime_folder_of_another_user_is_told_once_until_it_is_put_right(
    bantam_directories: Directories,
) -> None:
    if os.geteuid() != 0:
        pytest.skip("only the superuser can give a folder away")
    folder = bantam_directories.runtime
    folder.mkdir(mode=0o700)
    os.chown(folder, NOBODY, NOBODY)
    async with lsp_session.lsp_session(options={"model": {"name": "fake"}}) as session:
        words = (str(folder), f"belongs to user id {NOBODY}, but yours is 0", "BANTAM_RUNTIME_DIR")
        await check_told_once(session, words)
        os.chown(folder, os.geteuid(), os.getegid())
        await check_works(session)


async def test_a_full_disk_is_told_once_until_there_is_room(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = bantam_directories.runtime
    monkeypatch.setattr(lsp_session, "SERVE", [*full(folder), *lsp_session.SERVE])
    async with lsp_session.lsp_session(options={"model": {"name": "fake"}}) as session:
        words = (f"cannot write {folder}/start.lock", "No space left", "free some space")
        await check_told_once(session, words)
        assert session.client._server is not None
        make_room(session.client._server.pid, folder)
        await check_works(session)


async def check_works(session: LspSession, text: str = TEXT) -> None:
    """Expect a suggestion, and no further message."""
    document = session.open(text, "untitled:Untitled-2")
    num_messages = len(session.messages)

    async def is_answered() -> bool:
        return bool((await session.ask(document)).items)

    await eventually(is_answered)
    assert len(session.messages) == num_messages

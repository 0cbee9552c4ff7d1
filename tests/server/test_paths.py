import pytest

from lsp_server.directories import Directories
from lsp_server.server.paths import shown_path, without_paths

FOLDERS = ("file:///home/me/project", "file:///home/me/project/inner")


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/me/project/pkg/a.py", "pkg/a.py"),
        ("file:///home/me/project/inner/a.py", "a.py"),
        ("file:///home/me/project/my%20folder/%C3%A9.py", "my folder/é.py"),
        ("file:///home/me/elsewhere/a.py", "a.py"),
        ("untitled:Untitled-1", None),
        ("vscode-notebook-cell:/home/me/project/n.ipynb#W0", None),
        ("no uri at all", None),
    ],
)
def test_the_model_never_sees_an_absolute_path(uri: str, path: str | None) -> None:
    assert shown_path(uri, FOLDERS) == path


def test_without_a_folder_the_name_is_all() -> None:
    assert shown_path("file:///home/me/project/pkg/a.py", ()) == "a.py"


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("its log is /home/me/.local/state/bantam/logs/engine.log", "its log is engine.log"),
        ("cannot read '/m/a model.gguf': gone", "cannot read 'a model.gguf': gone"),
        ("~/models/x.gguf, or /a/b.gguf; choose another", "x.gguf, or b.gguf; choose another"),
        ("and/or 1/2, https://host/v1 and `bantam engine stop`", None),
        ("the model m is broken: choose another", None),
    ],
)
def test_answers_name_files_without_their_folders(message: str, told: str | None) -> None:
    assert without_paths(message) == (told or message)


def test_folders_with_blanks_are_left_out_too(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = bantam_directories.state / "of My Own"
    monkeypatch.setenv("BANTAM_STATE_HOME", str(state))
    assert without_paths(f"see {state}/logs/engine.log now") == "see engine.log now"

import pytest

from lsp_server.server.paths import shown_path

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

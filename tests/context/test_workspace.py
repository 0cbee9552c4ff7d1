from __future__ import annotations

from pathlib import Path

import pytest

from lsp_server.context.deadline import Deadline
from lsp_server.context.workspace import MAX_FILE_BYTES, Workspace


class Project:
    """A folder to be filled."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / ".git").mkdir(parents=True)

    def write(self, path: str, text: str = "x = 1\n") -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def files(self) -> list[str]:
        workspace = Workspace([self.root])
        found = workspace.source_files(Deadline(60_000))
        return [workspace.relative(path) for path in found if workspace.is_file(path)]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path.resolve() / "project")


def test_files_come_in_a_fixed_order_outer_ones_first(project: Project) -> None:
    for path in ["b.py", "a/z.go", "a.ts", "a/b/c.rs", "notes.txt"]:
        project.write(path)
    assert project.files() == ["a.ts", "b.py", "a/z.go", "a/b/c.rs"]


def test_nested_gitignore_is_respected(project: Project) -> None:
    project.write(".gitignore", "*.gen.py\n/out/\n")
    project.write("lib/.gitignore", "local.py\n!kept.gen.py\n")
    for path in ["a.gen.py", "out/a.py", "lib/out/a.py", "lib/local.py", "lib/kept.gen.py"]:
        project.write(path)
    assert project.files() == ["lib/kept.gen.py", "lib/out/a.py"]


def test_exclude_file_of_the_repository_and_rules_above_the_root_count(
    project: Project,
) -> None:
    project.write(".git/info/exclude", "mine.py\n")
    project.write(".gitignore", "*.gen.py\n")
    for path in ["inner/mine.py", "inner/a.gen.py", "inner/b.py"]:
        project.write(path)
    workspace = Workspace([project.root / "inner"])
    assert workspace.is_file(project.root / "inner/b.py")
    assert not workspace.is_file(project.root / "inner/a.gen.py")
    assert not workspace.is_file(project.root / "inner/mine.py")


@pytest.mark.parametrize(
    "path",
    [
        "node_modules/a/index.js",
        "vendor/a.go",
        ".hidden/a.py",
        "__pycache__/a.py",
        "app.min.js",
        "secrets.py",
        "secrets/a.py",
        ".env.py",
    ],
)
def test_file_that_is_not_the_projects_own_does_not_exist(project: Project, path: str) -> None:
    target = project.write(path)
    assert project.files() == []
    assert not Workspace([project.root]).is_file(target)
    assert Workspace([project.root]).read_text(target) is None


@pytest.mark.parametrize("marker", ["pyvenv.cfg", "CACHEDIR.TAG"])
def test_folders_that_tools_marked_are_left_out(project: Project, marker: str) -> None:
    project.write(f"tool/{marker}")
    project.write("tool/a.py")
    assert project.files() == []


def test_large_binary_and_minified_files_are_not_read(project: Project) -> None:
    workspace = Workspace([project.root])
    assert not workspace.is_file(project.write("large.py", "#" * (MAX_FILE_BYTES + 1)))
    assert workspace.read_text(project.write("binary.py", "a\0b")) is None
    assert workspace.read_text(project.write("packed.js", "a;" * 2_000)) is None


def test_links_do_not_lead_out_of_the_root(project: Project, tmp_path: Path) -> None:
    outside = tmp_path / "outside.py"
    outside.write_text("x = 1\n", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder/a.py").write_text("x = 1\n", encoding="utf-8")
    (project.root / "link.py").symlink_to(outside)
    (project.root / "linked").symlink_to(tmp_path / "folder")
    workspace = Workspace([project.root])
    assert not workspace.is_file(project.root / "link.py")
    assert not workspace.is_file(project.root / "linked/a.py")
    assert not workspace.is_file(outside)
    assert project.files() == []


def test_link_to_a_secret_inside_the_root_is_a_secret(project: Project) -> None:
    project.write("prod.env")
    (project.root / "harmless.py").symlink_to(project.root / "prod.env")
    assert not Workspace([project.root]).is_file(project.root / "harmless.py")


def test_link_within_the_root_can_be_read(project: Project) -> None:
    project.write("a.py")
    (project.root / "b.py").symlink_to(project.root / "a.py")
    assert Workspace([project.root]).read_text(project.root / "b.py") == "x = 1\n"


def test_path_that_climbs_out_of_the_root_is_not_in_it(project: Project, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("x = 1\n", encoding="utf-8")
    assert not Workspace([project.root]).is_file(project.root / "../outside.py")


def test_changed_file_is_read_again(project: Project) -> None:
    path = project.write("a.py", "x = 1\n")
    workspace = Workspace([project.root])
    assert workspace.read_text(path) == "x = 1\n"
    project.write("a.py", "x = 1000\n")
    workspace.look_anew()
    assert workspace.read_text(path) == "x = 1000\n"


def test_text_starts_after_the_byte_order_mark(project: Project) -> None:
    path = project.write("a.py", "\ufeffx = 1\n")
    assert Workspace([project.root]).read_text(path) == "x = 1\n"


def test_search_stops_at_the_deadline_and_goes_on_later(project: Project) -> None:
    for name in "abcd":
        project.write(f"{name}.py")
    ticks = iter(range(100))
    workspace = Workspace([project.root])
    first = len(workspace.source_files(Deadline(3_000, clock=lambda: float(next(ticks)))))
    assert 0 < first < 4
    assert len(workspace.source_files(Deadline(60_000))) == 4


def test_folder_without_any_rights_is_empty(tmp_path: Path) -> None:
    assert list(Workspace([tmp_path / "missing"]).source_files(Deadline(1_000))) == []

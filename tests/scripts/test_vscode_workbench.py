"""When the VS Code for tests counts as installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.vscode import workbench as workbench_module
from scripts.vscode.workbench import Workbench, workbench


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A chromium that is the only program on PATH."""
    program = tmp_path / "bin" / "chromium"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return program


@pytest.fixture
def installed(tmp_path: Path, browser: Path) -> Workbench:
    target = Workbench(tmp_path)
    target.mark_installed()
    return target


def test_it_lies_in_the_cache_folder_of_the_user(tmp_path: Path) -> None:
    variables = {"XDG_CACHE_HOME": str(tmp_path)}

    assert workbench(variables).folder == tmp_path / "bantam-dev" / "vscode"


def test_a_finished_installation_counts(installed: Workbench, browser: Path) -> None:
    assert installed.is_installed()
    assert installed.chromium == browser


def test_one_that_was_interrupted_does_not_count(installed: Workbench) -> None:
    installed.mark_incomplete()

    assert not installed.is_installed()


def test_one_without_its_browser_does_not_count(installed: Workbench, browser: Path) -> None:
    browser.unlink()

    assert not installed.is_installed()


def test_one_of_other_versions_does_not_count(
    installed: Workbench, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages = tmp_path / "packages"
    packages.mkdir()
    (packages / "package-lock.json").write_text("{}")
    monkeypatch.setattr(workbench_module, "PACKAGES", packages)

    assert not installed.is_installed()


def test_the_lock_files_name_no_registry() -> None:
    from scripts.vscode.extension import EXTENSION

    for folder in (workbench_module.PACKAGES, EXTENSION):
        assert '"resolved"' not in (folder / "package-lock.json").read_text(encoding="utf-8")

"""What of a window's environment reaches the engine."""

from __future__ import annotations

import site
import sys
from pathlib import Path

import pytest

import lsp_server
from lsp_server.directories import Directories
from lsp_server.engine.shared.child_environment import child_environment


def test_the_window_does_not_reach_the_engine(bantam_directories: Directories) -> None:
    environment = child_environment(
        bantam_directories,
        {
            "PYTHONPATH": "/evil",
            "PYTHONSTARTUP": "/evil.py",
            "PYTHONHOME": "/evil",
            "VIRTUAL_ENV": "/venv",
            "LD_PRELOAD": "/evil.so",
            "GITHUB_TOKEN": "secret",
            "PWD": "/workspace",
        },
    )
    assert "secret" not in environment.values()
    assert not {"PYTHONSTARTUP", "PYTHONHOME", "VIRTUAL_ENV", "LD_PRELOAD", "PWD"} & set(
        environment
    )
    assert "/evil" not in environment.get("PYTHONPATH", "")


def test_locale_accelerators_and_libraries_reach_the_engine(
    bantam_directories: Directories,
) -> None:
    environ = {
        "HOME": "/home/me",
        "LC_ALL": "C.UTF-8",
        "LD_LIBRARY_PATH": "/opt/cuda/lib64",
        "CUDA_VISIBLE_DEVICES": "1",
        "GGML_VK_VISIBLE_DEVICES": "0",
        "OMP_NUM_THREADS": "4",
    }
    environment = child_environment(bantam_directories, environ)
    assert environ.items() <= environment.items()


def test_the_engine_uses_the_clients_directories_and_waits_passively(
    bantam_directories: Directories,
) -> None:
    environment = child_environment(bantam_directories, {"BANTAM_RUNTIME_DIR": "/elsewhere"})
    assert environment["BANTAM_RUNTIME_DIR"] == str(bantam_directories.runtime)
    assert environment["BANTAM_CONFIG_HOME"] == str(bantam_directories.config)
    assert environment["OMP_WAIT_POLICY"] == "passive"


def test_an_installed_package_needs_no_path_and_a_bundled_one_brings_its_own(
    bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(site, "getsitepackages", lambda: [str(tmp_path)])
    monkeypatch.setattr(lsp_server, "__file__", str(tmp_path / "lsp_server/__init__.py"))
    assert "PYTHONPATH" not in child_environment(bantam_directories, {})
    bundle = tmp_path / "extension/libs"
    monkeypatch.setattr(lsp_server, "__file__", str(bundle / "lsp_server/__init__.py"))
    assert child_environment(bantam_directories, {})["PYTHONPATH"] == str(bundle.resolve())
    assert sys.path.count(str(bundle)) == 0

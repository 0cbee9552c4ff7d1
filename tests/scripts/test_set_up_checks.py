"""What set-up says when the machine lacks something."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from scripts.set_up import checks


def pretend_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, os_release: str) -> None:
    path = tmp_path / "os-release"
    path.write_text(os_release)
    monkeypatch.setattr(checks, "_OS_RELEASE", path)
    monkeypatch.setattr(sys, "platform", "linux")


@pytest.mark.parametrize(
    ("os_release", "command"),
    [
        ("ID=debian\n", "sudo apt install build-essential"),
        ('ID=linuxmint\nID_LIKE="ubuntu debian"\n', "sudo apt install build-essential"),
        ("ID=fedora\n", "sudo dnf install gcc gcc-c++"),
        ('ID="rocky"\nID_LIKE="rhel centos fedora"\n', "sudo dnf install gcc gcc-c++"),
        ("ID=void\n", "xcode-select --install"),
    ],
)
def test_a_missing_compiler_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, os_release: str, command: str
) -> None:
    pretend_system(monkeypatch, tmp_path, os_release)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CXX", raising=False)
    (message,) = checks.missing_parts()
    assert message.startswith("a C++ compiler is missing")
    assert command in message


def test_a_compiler_that_does_not_work_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stub = tmp_path / "c++"
    stub.write_text("#!/bin/sh\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("CXX", str(stub))
    (message,) = checks.missing_parts()
    assert str(stub) in message


def test_a_python_without_ensurepip_is_named_with_its_package(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pretend_system(monkeypatch, tmp_path, "ID=debian\n")
    find_spec = importlib.util.find_spec

    def find_all_but_ensurepip(name: str) -> object:
        return None if name == "ensurepip" else find_spec(name)

    with monkeypatch.context() as patch:
        patch.setattr(importlib.util, "find_spec", find_all_but_ensurepip)
        message = checks.missing_parts()[0]
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert f"sudo apt install python{version}-venv" in message

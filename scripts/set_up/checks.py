"""What the machine must have, and the package that brings what is missing."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

_OS_RELEASE = Path("/etc/os-release")
_COMPILERS = ("c++", "g++", "clang++")
_TINY_PROGRAM = "#include <vector>\nint main() { return std::vector<int>().size(); }\n"


def missing_parts() -> list[str]:
    """Return one message for each thing that is missing; an empty list if all is there."""
    return [message for message in (_missing_venv(), _missing_compiler()) if message]


def install_hint(debian: str, fedora: str, macos: str, windows: str) -> str:
    """Return the command for this system, or all of them where the system is unknown."""
    commands = {
        "debian": f"sudo apt install {debian}",
        "fedora": f"sudo dnf install {fedora}",
        "darwin": macos,
        "win32": windows,
    }
    if family := _system_family():
        return commands[family]
    return (
        f"Debian, Ubuntu: {commands['debian']}; Fedora: {commands['fedora']}; "
        f"macOS: {macos}; Windows: {windows}"
    )


def _missing_venv() -> str | None:
    # Debian ships `venv` without `ensurepip`, and then `python3 -m venv` fails half-way.
    if importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip"):
        return None
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    hint = install_hint(
        f"python{version}-venv", "python3-libs", f"brew reinstall python@{version}", "reinstall it"
    )
    return f"Python {version} ({sys.executable}) cannot make virtual environments. Install: {hint}"


def _missing_compiler() -> str | None:
    if sys.platform == "win32" and not os.environ.get("CXX"):
        return None  # CMake finds Visual Studio, which is not on PATH, and names it if missing.
    named = os.environ.get("CXX")
    candidates = [named] if named else list(_COMPILERS)
    found = [compiler for compiler in candidates if shutil.which(compiler.split()[0])]
    if any(_compiles(compiler) for compiler in found):
        return None
    hint = install_hint(
        "build-essential",
        "gcc gcc-c++",
        "xcode-select --install",
        'the "Desktop development with C++" workload of the Visual Studio Build Tools',
    )
    looked_for = " or ".join(candidates)
    return (
        f"a C++ compiler is missing ({looked_for} that finds the standard library); "
        f"llama-cpp-python is built with it. Install: {hint}"
    )


def _compiles(compiler: str) -> bool:
    command = [*compiler.split(), "-x", "c++", "-fsyntax-only", "-"]
    try:
        result = subprocess.run(
            command, input=_TINY_PROGRAM.encode(), capture_output=True, timeout=60, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return result.returncode == 0


def _system_family() -> str | None:
    if sys.platform in ("darwin", "win32"):
        return sys.platform
    try:
        lines = _OS_RELEASE.read_text(encoding="utf-8").splitlines()
    except OSError:
        return None
    facts = dict(line.split("=", 1) for line in lines if "=" in line)
    words = f"{facts.get('ID', '')} {facts.get('ID_LIKE', '')}".replace('"', "").split()
    if {"debian", "ubuntu"} & set(words):
        return "debian"
    if {"fedora", "rhel"} & set(words):
        return "fedora"
    return None

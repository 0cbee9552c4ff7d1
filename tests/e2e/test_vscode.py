"""The packaged extension in a real VS Code: its server, its workbench, a browser, our engine.

`BANTAM_TEST_SCREENSHOT` names a file that gets a picture of the ghost text; docs/images/vscode.png
is made so.  `BANTAM_TEST_MODEL` names another model than the embedded one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from lsp_server.directories import Directories
from scripts.set_up.progress import Reporter
from scripts.vscode.extension import EXTENSION, build
from scripts.vscode.install import install
from scripts.vscode.node import npm
from scripts.vscode.workbench import Workbench, workbench
from tests.e2e.vscode.workbench_server import (
    EXTENSION_TEST_OPTIONS,
    WorkbenchServer,
    running_workbench,
)
from tests.support.engine_processes import uses_runtime

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

_READER = '''\
"""Read and count the lines of text files."""


def count_lines(path):
    """Return how many lines a file has."""
    count = 0
    with open(path) as file:
        for line in file:
            count += 1
    return count


def read_lines(path):
    """Return the lines of a file."""
    lines = []
    with open(path) as file:
        for line in file:
'''

#: `extension_host/ghost_text.js` types the same.
_TYPED = "            lines.app"

#: `extension_host/code_action.js` expects the same.
_WITHOUT_BODY = "def add(a, b):\n    pass\n"
_MISSING_MODEL = "/nonexistent/model.gguf"


@pytest.fixture(scope="session")
def installed_workbench() -> Workbench:
    found = workbench()
    if not found.is_installed():
        if os.environ.get("CI") != "true":
            pytest.skip("VS Code is not installed for tests; run scripts/install_vscode")
        install(found, Reporter(sys.stderr))
    return found


@pytest.fixture(scope="session")
def vsix(installed_workbench: Workbench) -> Path:
    return build(Reporter(sys.stderr))


@pytest.fixture
def bantam(bantam_directories: Directories) -> Iterator[Path]:
    """Return the program; the engine that it leaves running is stopped, and all else is gone."""
    program = Path(sys.executable).parent / "bantam"
    yield program
    subprocess.run([program, "engine", "stop"], check=True, capture_output=True, timeout=60)
    left = [
        process for process in psutil.process_iter() if _uses(process, bantam_directories.runtime)
    ]
    _, alive = psutil.wait_procs(left, timeout=30)
    assert not alive


@pytest.fixture
def root() -> Iterator[Path]:
    """Return an empty folder with a short path."""
    with tempfile.TemporaryDirectory(prefix="vscode-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@pytest.fixture
def editor(
    request: pytest.FixtureRequest,
    installed_workbench: Workbench,
    vsix: Path,
    root: Path,
    bantam: Path,
) -> Iterator[WorkbenchServer]:
    """Return a VS Code that has `reader.py` in its workspace; the parameter is for the server."""
    other_model = os.environ.get("BANTAM_TEST_MODEL")
    options = {
        "settings": {"bantam.model.name": other_model} if other_model else {},
        **getattr(request, "param", {}),
    }
    with running_workbench(
        installed_workbench, vsix, root, programs=bantam.parent, **options
    ) as server:
        (server.workspace / "reader.py").write_text(_READER, encoding="utf-8")
        yield server


in_extension_host = pytest.mark.parametrize(
    "editor", [{"options": EXTENSION_TEST_OPTIONS}], indirect=True, ids=["extension host"]
)
with_fake_model = pytest.mark.parametrize(
    "editor",
    [{"options": EXTENSION_TEST_OPTIONS, "settings": {"bantam.model.name": "fake"}}],
    indirect=True,
    ids=["extension host"],
)
with_missing_model = pytest.mark.parametrize(
    "editor", [{"settings": {"bantam.model.name": _MISSING_MODEL}}], indirect=True, ids=["missing"]
)


@pytest.mark.real_model
@in_extension_host
def test_ghost_text_is_accepted_and_taken_back(
    editor: WorkbenchServer, bantam: Path, embedded_model: Path
) -> None:
    editor.run_in_extension_host("ghost_text.js")

    assert _accepted(editor).strip()
    # It was our engine that wrote it.
    assert _model_name(embedded_model) in _engine_status(bantam)


@pytest.mark.real_model
def test_ghost_text_is_seen_and_accepted_by_keys(
    editor: WorkbenchServer, embedded_model: Path
) -> None:
    screenshot = os.environ.get("BANTAM_TEST_SCREENSHOT")

    seen = editor.type_in_editor("reader.py", _TYPED, Path(screenshot) if screenshot else None)

    assert seen["ghost"]
    assert all(piece.strip() in _accepted(editor) for piece in seen["ghost"])
    assert seen["status"] == _model_name(embedded_model)


@in_extension_host
def test_a_server_that_was_killed_is_started_again(editor: WorkbenchServer) -> None:
    editor.run_in_extension_host("crash.js")


@with_fake_model
def test_a_code_action_is_applied_and_taken_back_in_one_step(editor: WorkbenchServer) -> None:
    (editor.workspace / "add.py").write_text(_WITHOUT_BODY, encoding="utf-8")

    editor.run_in_extension_host("code_action.js")


@with_fake_model
def test_a_place_where_the_cursor_rests_is_prepared(editor: WorkbenchServer) -> None:
    text = "import os\n\n\ndef add(a, b):\n"
    (editor.workspace / "add.py").write_text(text, encoding="utf-8")

    editor.run_in_extension_host("cursor.js")


@with_fake_model
def test_a_workspace_chooses_neither_model_nor_program(editor: WorkbenchServer) -> None:
    folder = editor.workspace / ".vscode"
    folder.mkdir()
    chosen = {"bantam.model.name": _MISSING_MODEL, "bantam.serverPath": "/nonexistent/bantam"}
    (folder / "settings.json").write_text(json.dumps(chosen), encoding="utf-8")

    editor.run_in_extension_host("trust.js")


@with_missing_model
def test_a_fault_of_the_engine_is_told(editor: WorkbenchServer) -> None:
    problem = editor.problem_when_typing("reader.py", "import o")

    assert _MISSING_MODEL in problem["message"]
    assert problem["buttons"] == ["Show Log"]


def test_a_program_inside_the_workspace_is_never_started(
    installed_workbench: Workbench, vsix: Path, root: Path
) -> None:
    programs = root / "workspace" / ".venv" / "bin"
    programs.mkdir(parents=True)
    started = root / "started"
    trap = programs / "bantam"
    trap.write_text(f"#!/bin/sh\ntouch {started}\n", encoding="utf-8")
    trap.chmod(0o755)

    with running_workbench(installed_workbench, vsix, root, programs=programs) as server:
        problem = server.problem()

    assert str(trap) in problem["message"]
    assert "set bantam.serverPath" in problem["message"]
    assert "Open Settings" in problem["buttons"]
    assert not started.exists()


def test_the_extension_s_own_tests_pass(installed_workbench: Workbench, vsix: Path) -> None:
    result = subprocess.run(
        npm("test", EXTENSION), capture_output=True, text=True, timeout=120, check=False
    )

    assert result.returncode == 0, result.stdout + result.stderr


def _accepted(editor: WorkbenchServer) -> str:
    """What stands in the saved file behind the text that was typed."""
    typed = f"{_READER}{_TYPED}"
    saved = (editor.workspace / "reader.py").read_text(encoding="utf-8")
    assert saved.startswith(typed)
    return saved.removeprefix(typed)


def _model_name(embedded_model: Path) -> str:
    """The model's name as it is shown: a catalogue id, or a file's name."""
    return embedded_model.name if "BANTAM_TEST_MODEL" in os.environ else "bantam-embedded"


def _engine_status(bantam: Path) -> str:
    result = subprocess.run(
        [bantam, "engine", "status", "--json"],
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    status: dict[str, Any] = json.loads(result.stdout)
    return json.dumps(status)


def _uses(process: psutil.Process, runtime: Path) -> bool:
    """Whether a process of ours has this test's runtime folder."""
    try:
        return process.pid != os.getpid() and uses_runtime(process, str(runtime))
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False

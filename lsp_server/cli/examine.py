"""The parts of an installation that `bantam doctor` looks at, one function each.

Nothing here raises for what a user can get wrong: that is a finding.
"""

from __future__ import annotations

import os
import platform
import sys
from pathlib import Path

from lsp_server import __version__
from lsp_server.cli.findings import Finding, State
from lsp_server.cli.library_probe import LibraryProbeError, probe_library
from lsp_server.directories import Directories
from lsp_server.engine.shared.process import engine_status
from lsp_server.errors import BantamError, ConfigError
from lsp_server.settings.problems import LoadedSettings, SettingProblem

#: Among the CPU features: threads wait as the environment says.
_OPENMP = "OPENMP"


def examine_bantam() -> Finding:
    """Say which Bantam this is and where it is installed."""
    return Finding("Bantam", f"{__version__} in {Path(__file__).parents[1]}")


def examine_python() -> Finding:
    """Say which Python runs it on which system."""
    system = f"{platform.system()} {platform.release()} {platform.machine()}"
    return Finding("Python", f"{platform.python_version()} at {sys.executable}, {system}")


def examine_library() -> list[Finding]:
    """Load the model library in another process and say what it can do."""
    try:
        facts = probe_library()
    except LibraryProbeError as error:
        return [
            Finding(
                "Engine library",
                f"llama-cpp-python cannot be loaded: {error}",
                State.BROKEN,
                "install Bantam again, or llama-cpp-python as the README says",
            )
        ]
    features = facts.features
    cpu = features.pop("CPU", [])
    gpu = ", ".join(features) if features else "none built in"
    if features and not facts.has_gpu_offload:
        gpu += ", but no device was found"
    return [
        Finding(
            "Engine library",
            f"llama-cpp-python {facts.binding_version}, llama.cpp {facts.library_version}",
        ),
        Finding("CPU features", ", ".join(cpu) or "none"),
        *_waiting(cpu),
        Finding("GPU", gpu),
    ]


def examine_settings(loaded: LoadedSettings, folders: Directories) -> list[Finding]:
    """Say where settings come from and what is wrong with them."""
    file = folders.config_file
    text = f"from {file}" if _is_there(file) else f"defaults; {file} does not exist"
    return [Finding("Settings", text), *map(_of_problem, loaded.problems)]


def examine_folders(folders: Directories) -> list[Finding]:
    """Say where Bantam's files live, and whether it can write there."""
    return [
        Finding("Configuration", str(folders.config)),
        _of_folder("State", folders.state),
        _of_folder("Logs", folders.logs),
        _of_folder("Cache", folders.cache),
        _of_folder("Data", folders.data),
        _of_folder("Runtime", folders.runtime),
    ]


async def examine_engine(folders: Directories) -> list[Finding]:
    """Say whether the shared engine runs, which it need not, and how its models reuse tokens."""
    try:
        status = await engine_status(folders)
    except ConfigError as error:
        # Its message says what to do.
        return [Finding("Engine", str(error), State.BROKEN)]
    except BantamError as error:
        return [Finding("Engine", str(error), State.BROKEN, "run `bantam engine stop`")]
    if status is None:
        return [Finding("Engine", "not running; the first completion starts it")]
    models = ", ".join(model.model for model in status.models) or "no model"
    reuse = [
        Finding("Reuse", f"{model.model}: {model.means}") for model in status.models if model.means
    ]
    return [Finding("Engine", f"process {status.pid} with {models} loaded"), *reuse]


def _waiting(cpu: list[str]) -> list[Finding]:
    """Warn of a build whose threads spin while they wait; nothing can be told of an empty list."""
    if not cpu or _OPENMP in cpu or sys.platform != "linux":
        return []
    return [
        Finding(
            "Engine library",
            "llama.cpp was built without OpenMP, so its threads spin while they wait and steps "
            "take several times longer while other programs run",
            State.WARNING,
            "install your compiler's OpenMP (libgomp) and build llama-cpp-python again",
        )
    ]


def _of_problem(problem: SettingProblem) -> Finding:
    return Finding("Settings", problem.message, State.WARNING, "correct or remove it")


def _is_there(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:  # In a folder that may not be entered.
        return True


def _of_folder(part: str, folder: Path) -> Finding:
    existing = next(parent for parent in (folder, *folder.parents) if _is_there(parent))
    if os.access(existing, os.W_OK | os.X_OK) and existing.is_dir():
        return Finding(part, str(folder))
    return Finding(
        part,
        f"{folder} cannot be written to, because of {existing}",
        State.BROKEN,
        "make it writable, or set BANTAM_STATE_HOME, BANTAM_CACHE_HOME, BANTAM_DATA_HOME or "
        "BANTAM_RUNTIME_DIR",
    )

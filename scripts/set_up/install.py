"""The steps: a virtual environment, the engine library built once, the rest from the lock."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

from scripts.set_up.engine_wheel import EngineWheel
from scripts.set_up.environment import Environment, Kind
from scripts.set_up.progress import Reporter, run_step


def install_everything(environment: Environment, reporter: Reporter) -> None:
    """Bring `.venv` to the state that the lock files describe.

    Raises:
        StepFailed: A command failed.
    """
    cache = cache_folder(os.environ)
    logs = cache / "logs"
    clean = clean_environment(os.environ)
    environment.mark_incomplete()
    if not environment.is_usable():
        run_step(
            "Making .venv",
            [sys.executable, "-m", "venv", "--clear", str(environment.folder)],
            reporter,
            log_file=logs / "venv.log",
            environment=clean,
        )
    pip = [str(environment.python), "-m", "pip", "--disable-pip-version-check"]
    wheel = EngineWheel.of(environment, cache)
    if not wheel.is_built():
        wheel.build(pip, reporter, log_file=logs / "engine.log", environment=clean)
    what = "what users need" if environment.kind is Kind.RUNTIME else "what tests need"
    run_step(
        f"Installing {what}",
        [*pip, "install", "--require-hashes", "--requirement", str(environment.lock)],
        reporter,
        log_file=logs / "install.log",
        environment=clean,
    )
    run_step(
        "Installing llama-cpp-python",
        [*pip, "install", "--no-deps", "--no-index", "--force-reinstall", str(wheel.path())],
        reporter,
        log_file=logs / "install-engine.log",
        environment=clean,
    )
    run_step(
        "Installing bantam-lsp",
        [*pip, "install", "--no-deps", "--no-build-isolation", "--editable", str(environment.root)],
        reporter,
        log_file=logs / "install-bantam.log",
        environment=clean,
    )
    run_step(
        "Checking versions",
        [*pip, "check"],
        reporter,
        log_file=logs / "check.log",
        environment=clean,
    )
    environment.mark_ready()


def cache_folder(variables: Mapping[str, str]) -> Path:
    """Return where what was built is kept between clones."""
    base = variables.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "bantam-dev"


def clean_environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables for pip, without those that point Python somewhere else."""
    unwanted = {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PIP_TARGET", "PIP_PREFIX", "PIP_USER"}
    return {name: value for name, value in variables.items() if name not in unwanted}

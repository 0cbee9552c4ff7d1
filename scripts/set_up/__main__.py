"""`scripts/setup`: from a fresh clone to a `.venv` that works.

Runs on the system's Python, before anything is installed: the standard library only.
"""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

# This folder is run as a script, so the project's root is not on the path yet.
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from scripts.set_up.checks import missing_parts  # noqa: E402
from scripts.set_up.environment import Environment, Kind  # noqa: E402
from scripts.set_up.install import install_everything  # noqa: E402
from scripts.set_up.progress import Reporter, StepFailed  # noqa: E402


def main(arguments: list[str]) -> int:
    """Set up and return the exit status."""
    options = _parse(arguments)
    environment = Environment(ROOT, Kind.DEV if options.dev else Kind.RUNTIME)
    if environment.is_ready():
        return 0
    # Being ended by another program cleans up as Ctrl+C does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    reporter = Reporter(sys.stderr)
    missing = missing_parts()
    for part in missing:
        print(f"scripts/setup: error: {part}", file=sys.stderr)
    if missing:
        return 1
    try:
        install_everything(environment, reporter)
    except StepFailed as error:
        print(f"scripts/setup: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/setup: interrupted; run it again to go on", file=sys.stderr)
        return 130
    return 0


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/setup",
        description="Make .venv ready; a second run takes less than a second.",
    )
    parser.add_argument(
        "--dev", action="store_true", help="also install what tests and checks need"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

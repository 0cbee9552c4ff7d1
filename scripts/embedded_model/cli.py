"""The command `train_embedded_model`: one stage, or all of them in order."""

from __future__ import annotations

from collections.abc import Sequence

from .options import make_parser
from .stages import STAGES


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen stages; returns the exit status."""
    options = make_parser(STAGES).parse_args(arguments)
    options.run.mkdir(parents=True, exist_ok=True)
    names = list(STAGES) if options.stage == "all" else [options.stage]
    for name in names:
        STAGES[name](options)
    return 0

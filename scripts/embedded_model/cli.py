"""The command `train_embedded_model`: one stage, or those that make the file in order."""

from __future__ import annotations

from collections.abc import Sequence

from .options import make_parser
from .stages import STAGES

#: The card needs what `scripts/eval_embedded_model` measures in between.
ALL = ("collect", "train", "export", "formats")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen stages; returns the exit status."""
    options = make_parser(STAGES).parse_args(arguments)
    options.run.mkdir(parents=True, exist_ok=True)
    names = ALL if options.stage == "all" else (options.stage,)
    for name in names:
        STAGES[name](options)
    return 0

"""Options that benchmarks of the whole machine have in common."""

from __future__ import annotations

import argparse

from lsp_server.engine.machine import num_usable_cores
from scripts.engine_bench.models import CHOICES


def add_machine_options(parser: argparse.ArgumentParser) -> None:
    """Add what model runs, and on how many threads in both systems."""
    parser.add_argument(
        "--model",
        choices=CHOICES,
        default="deepseek-coder-1.3b",
        help="the embedded model, or whose shape a random one has (default: %(default)s)",
    )
    parser.add_argument(
        "--threads",
        type=int,
        default=num_usable_cores(),
        help="of each system (default: one per core, %(default)s)",
    )

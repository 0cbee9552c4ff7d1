"""The command line of the soak."""

from __future__ import annotations

import argparse
import asyncio
import random
import sys

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from scripts.soak_test.report import lines_of
from scripts.soak_test.soak import Plan, run_soak


def main() -> int:
    """Run the soak; the exit status is 1 if anything did not hold."""
    options = _parser().parse_args()
    plan = Plan(
        seconds=options.minutes * 60,
        seed=options.seed,
        kill_every_s=options.kill_every_s,
        model=options.model,
    )
    print(f"seed {plan.seed}, {options.minutes:g} minutes, model {plan.model}")
    columns = (
        TextColumn("soak"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Progress(*columns, console=Console(stderr=True)) as progress:
        task = progress.add_task("soak", total=plan.seconds, words="")
        findings = asyncio.run(
            run_soak(plan, lambda at_s, words: progress.update(task, completed=at_s, words=words))
        )
    for line in lines_of(findings):
        print(line)
    return 1 if findings.failures else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/soak",
        description="Type, cancel, switch files and kill the engine now and then, for some "
        "minutes, against the real server and engine.  It fails if a request is never answered, "
        "if a message is shown twice, or if the memory of a process grows by more "
        "than 5 percent after its first minute.",
    )
    parser.add_argument("--minutes", type=float, default=10.0, help="how long (default 10)")
    parser.add_argument("--seed", type=int, default=random.randrange(10_000), help="of the dice")
    parser.add_argument(
        "--kill-every-s", type=float, default=200.0, help="mean seconds between kills (default 200)"
    )
    parser.add_argument("--model", default="bantam-embedded", help="the setting model.name")
    return parser


if __name__ == "__main__":
    sys.exit(main())

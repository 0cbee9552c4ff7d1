"""`scripts/bench_engine NAME [--json]`: measure, and say it to people or to programs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys

from rich.console import Console

from lsp_server.engine.native_environment import native_environment
from lsp_server.errors import BantamError
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.registry import BENCHMARKS
from scripts.peer.program import PeerFailed
from scripts.vocabularies.fetch import FetchFailed


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and return the exit status."""
    options = _parse(arguments)
    # The model library reads it when it is loaded, which is when the first model is.
    os.environ.update(native_environment(os.environ))
    console = Console(stderr=True)
    try:
        report = asyncio.run(BENCHMARKS[options.benchmark].run(options, console))
    except (PeerFailed, OurFailure, FetchFailed, BantamError, OSError) as error:
        print(f"scripts/bench_engine: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/bench_engine: interrupted", file=sys.stderr)
        return 130
    if options.json:
        print(json.dumps(report.values, indent=2))
    else:
        Console().print(*report.tables, sep="\n")
    return 0


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_engine", description="Measure the engine beside llama-server."
    )
    names = parser.add_subparsers(dest="benchmark", required=True, metavar="NAME")
    for benchmark in BENCHMARKS.values():
        one = names.add_parser(
            benchmark.name, help=benchmark.summary, description=benchmark.summary
        )
        one.add_argument("--json", action="store_true", help="write JSON instead of tables")
        one.add_argument(
            "--no-peer", action="store_true", help="measure our engine alone, without llama-server"
        )
        benchmark.add_options(one)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

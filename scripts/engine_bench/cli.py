"""`scripts/bench_engine NAME [--json]`: measure, and say it to people or to programs."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

# OpenMP reads it when the model library is loaded, which some of the benchmarks do on import.
from lsp_server.engine.native_environment import native_environment

os.environ.update(native_environment(os.environ))

from rich.console import Console

from lsp_server.errors import BantamError
from scripts.engine_bench.benchmark import Values
from scripts.engine_bench.ours import OurFailure
from scripts.engine_bench.registry import BENCHMARKS
from scripts.peer.program import PeerFailed
from scripts.vocabularies.fetch import FetchFailed


def main(arguments: list[str] | None = None) -> int:
    """Run one benchmark and return the exit status."""
    given = sys.argv[1:] if arguments is None else arguments
    options = _parse(given)
    console = Console(stderr=True)
    try:
        report = asyncio.run(BENCHMARKS[options.benchmark].run(options, console))
    except (PeerFailed, OurFailure, FetchFailed, BantamError, OSError) as error:
        print(f"scripts/bench_engine: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nscripts/bench_engine: interrupted", file=sys.stderr)
        return 130
    text = json.dumps(_record(options, given, report.values), indent=2)
    if options.output is not None:
        options.output.write_text(f"{text}\n", encoding="utf-8")
    if options.json:
        print(text)
    else:
        Console().print(*report.tables, sep="\n")
    return 0


def _record(options: argparse.Namespace, given: Sequence[str], values: Values) -> Values:
    """Return what was found with what it is and how to measure it again."""
    words = ["scripts/bench_engine", *_without_output(given)]
    return {
        "benchmark": options.benchmark,
        "command": shlex.join(words),
        "note": options.note,
        **values,
    }


def _without_output(given: Sequence[str]) -> Iterator[str]:
    """Yield the arguments that decide what is measured."""
    words = iter(given)
    for word in words:
        name, is_joined, _ = word.partition("=")
        if name in {"--output", "--note"}:
            if not is_joined:
                next(words, None)
        elif word != "--json":
            yield word


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_engine", description="Measure the engine beside llama-server."
    )
    names = parser.add_subparsers(dest="benchmark", required=True, metavar="NAME")
    for benchmark in BENCHMARKS.values():
        one = names.add_parser(
            benchmark.name, help=benchmark.summary, description=benchmark.summary
        )
        one.add_argument("--json", action="store_true", help="write JSON instead of tables")
        one.add_argument("--output", type=Path, help="write the JSON to this file, too")
        one.add_argument("--note", default="", help="what readers of the figures have to know")
        one.add_argument(
            "--no-peer", action="store_true", help="measure our engine alone, without llama-server"
        )
        benchmark.add_options(one)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

"""`scripts/bench_agreement`: how often kept KV cells answer as a full recompute does.

An interrupted run says what it found so far, and goes on when it is started again with the same
model, edits and seed; with other numbers of places, too.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

# OpenMP reads it when the model library is loaded.
from lsp_server.engine.native_environment import native_environment

os.environ.update(native_environment(os.environ))

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lsp_server.errors import BantamError
from lsp_server.settings.schema import EngineSettings
from scripts.agreement_bench.held_out import cache_folder, held_out_files
from scripts.agreement_bench.measuring import PlaceResult, Plan, model_path
from scripts.agreement_bench.places import candidate_places
from scripts.agreement_bench.precision import f16_copy
from scripts.agreement_bench.report import report_table, report_values
from scripts.agreement_bench.results import ResultFile
from scripts.agreement_bench.running import Candidates, choose_places, measure_all
from scripts.vocabularies.fetch import pinned_archive

#: Fewer places say little; the file names how many there were.
WANTED_PLACES = 500
#: Changes when results of an older run mean something else.
_FORMAT = 3
#: What decides what is asked, and what its cells are like.
_MEASURED_CODE = ("lsp_server/engine", "lsp_server/prompt", "scripts/agreement_bench")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and report; returns the exit status."""
    options = _parse(arguments)
    console = Console(stderr=True)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        plan = _plan(options)
        conditions = _conditions(plan, options)
        was_interrupted, results = _measured(plan, options, console)
    except (BantamError, OSError, subprocess.CalledProcessError) as error:
        print(f"scripts/bench_agreement: error: {error}", file=sys.stderr)
        return 1
    if not results:
        print("scripts/bench_agreement: error: no place was measured", file=sys.stderr)
        return 1
    Console(width=None if sys.stdout.isatty() else 160).print(report_table(results))
    if len(results) < WANTED_PLACES:
        conditions["note"] = f"{len(results)} places only, {WANTED_PLACES} are wanted"
    values = report_values(results, conditions)
    if options.output:
        text = json.dumps(values, indent=1, ensure_ascii=False)
        options.output.write_text(f"{text}\n", encoding="utf-8")
    return 130 if was_interrupted else 0


def _plan(options: argparse.Namespace) -> Plan:
    model = str(f16_copy(model_path(options.model))) if options.f16 else options.model
    return Plan(model, options.max_stale_edits, tuple(sorted(options.edits)), options.seed)


def _measured(
    plan: Plan, options: argparse.Namespace, console: Console
) -> tuple[bool, list[PlaceResult]]:
    """Return whether the run was interrupted, and the result of each chosen place so far."""
    everywhere = candidate_places(held_out_files(options.corpus), options.seed)
    candidates = choose_places(
        plan,
        everywhere,
        options.places,
        min_prompt_tokens=options.min_prompt_tokens,
        thorough_every=options.thorough_every,
    )
    store = ResultFile(options.work or _work_file(plan))
    was_interrupted = False
    try:
        _measure_missing(plan, candidates, store, options, console)
    except KeyboardInterrupt:
        was_interrupted = True
    return was_interrupted, candidates.fitting(store.results, options.places)


def _measure_missing(
    plan: Plan,
    candidates: Candidates,
    store: ResultFile,
    options: argparse.Namespace,
    console: Console,
) -> None:
    """Measure until as many places as are wanted have a result."""

    def num_found() -> int:
        return len(candidates.fitting(store.results, options.places))

    columns = (TextColumn("places"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=options.places, completed=num_found())
        missing = candidates.missing(store.results)
        with closing(measure_all(plan, missing, options.processes)) as results:
            while num_found() < options.places and (result := next(results, None)) is not None:
                store.add(result)
                progress.update(task, completed=num_found())


def _work_file(plan: Plan) -> Path:
    """Return where results are kept until the run is whole: one file for what they depend on."""
    about = (_FORMAT, _code_digest(), _model_digest(plan), plan)
    digest = hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    return cache_folder() / f"results-{digest}.jsonl"


def _code_digest() -> str:
    digest = hashlib.sha256()
    for folder in _MEASURED_CODE:
        for path in sorted(Path(folder).rglob("*.py")):
            digest.update(path.read_bytes())
    return digest.hexdigest()


def _model_digest(plan: Plan) -> str:
    return hashlib.sha256(model_path(plan.model).read_bytes()).hexdigest()


def _conditions(plan: Plan, options: argparse.Namespace) -> dict[str, object]:
    return {
        "model": model_path(plan.model).name,
        "model_sha256": _model_digest(plan),
        "library": pinned_archive(),
        "max_stale_edits": plan.max_stale_edits,
        "min_prompt_tokens": options.min_prompt_tokens,
        "seed": plan.seed,
        "thorough_every": options.thorough_every,
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/bench_agreement",
        description="Measure how often answers from KV cells that were kept over edits are those "
        "of a full recompute, on source that the model was not trained on.",
    )
    add = parser.add_argument
    add("--places", type=int, default=WANTED_PLACES, help="hidden lines (default: %(default)s)")
    add("--model", default="bantam-embedded", help="catalogue id or file (default: %(default)s)")
    add(
        "--f16",
        action="store_true",
        help="measure the model's copy in F16, where rounding is small",
    )
    add(
        "--edits",
        type=int,
        nargs="+",
        default=[10, 100],
        help="ask for the line after so many changes (default: 10 100)",
    )
    add(
        "--max-stale-edits",
        type=int,
        default=EngineSettings().max_stale_edits,
        help="engine.max_stale_edits (default: %(default)s)",
    )
    add(
        "--min-prompt-tokens",
        type=int,
        default=1_500,
        help="places with shorter prompts are left out, unless the context is small "
        "(default: %(default)s)",
    )
    add(
        "--thorough-every",
        type=int,
        default=20,
        help="at every so many places also ask at once, type without any pause, take exact mode, "
        "and compute everything in other steps (default: %(default)s)",
    )
    add(
        "--processes",
        type=int,
        default=os.cpu_count() or 1,
        help="places at one time (default: %(default)s)",
    )
    add("--seed", type=int, default=11, help="decides places and edits (default: %(default)s)")
    add("--corpus", type=Path, help="held-out source collected before (default: fetch it)")
    add("--work", type=Path, help="where unfinished results are kept (default: a cache folder)")
    add("--output", type=Path, help="write all figures to this JSON file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())

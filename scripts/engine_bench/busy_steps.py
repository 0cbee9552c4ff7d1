"""Main of two small processes for `busy`: one that times steps, and one that only keeps busy.

`python -m scripts.engine_bench.busy_steps steps MODEL THREADS NICE` reads lines from standard
input: for each, a number of seconds, it answers with the milliseconds of steps as a JSON list: the
very first one, and those that it computed in that time after a tenth of a second.  Memory that has
rested is slow to reach, on virtual machines by up to a tenth of a second for all of it.
`python -m scripts.engine_bench.busy_steps hog` counts until its standard input ends, then says
how often per second it counted.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

_DEPTH = 64
_CONTEXT_TOKENS = 512
_WAKING_S = 0.1


def main(arguments: list[str]) -> int:
    """Run one of the two and return the exit status."""
    if arguments[0] == "hog":
        return _hog()
    model, threads, nice = arguments[1:]
    return _steps(model, int(threads), int(nice))


def _steps(model: str, num_threads: int, nice: int) -> int:
    os.nice(nice)
    from lsp_server.engine.loader import make_loader
    from lsp_server.engine.runners.base import BatchToken
    from lsp_server.settings.schema import EngineSettings

    settings = EngineSettings(threads=num_threads, context_tokens=_CONTEXT_TOKENS)
    runner = make_loader(settings)(model, lambda _fraction: True).runner
    runner.forward([BatchToken(5, place, 0, wants_logits=False) for place in range(_DEPTH)])
    _say([])

    def steps_ms(seconds: float) -> list[float]:
        """Compute steps for some time, one at least."""
        times_ms: list[float] = []
        end_s = time.perf_counter() + seconds
        while (started_s := time.perf_counter()) < end_s or not times_ms:
            runner.forward([BatchToken(5, _DEPTH, 0, wants_logits=True)])
            times_ms.append((time.perf_counter() - started_s) * 1_000.0)
            runner.remove_cells(0, _DEPTH, None)
        return times_ms

    for line in sys.stdin:
        first_ms = steps_ms(_WAKING_S)[0]
        _say([first_ms, *steps_ms(float(line))])
    runner.close()
    return 0


def _hog() -> int:
    is_over = threading.Event()

    def wait_for_end() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=wait_for_end, daemon=True).start()
    _say([])
    started_s, count = time.perf_counter(), 0
    while not is_over.is_set():
        count += sum(range(1_000)) > 0
    _say([count / (time.perf_counter() - started_s)])
    return 0


def _say(values: list[float]) -> None:
    print(json.dumps(values), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

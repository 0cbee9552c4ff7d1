"""All benchmarks by name."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.engine_bench.batching import BATCHING
from scripts.engine_bench.benchmark import Benchmark
from scripts.engine_bench.busy import BUSY
from scripts.engine_bench.contention import CONTENTION
from scripts.engine_bench.keystrokes import KEYSTROKES
from scripts.engine_bench.memory import MEMORY
from scripts.engine_bench.overhead import OVERHEAD
from scripts.engine_bench.startup import STARTUP

BENCHMARKS: Mapping[str, Benchmark] = {
    one.name: one for one in (KEYSTROKES, CONTENTION, BATCHING, OVERHEAD, STARTUP, BUSY, MEMORY)
}

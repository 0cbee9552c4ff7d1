"""How long `initialize` takes, against a pygls server with nothing in it, in interleaved pairs.

Usage: scripts/bench_initialize [number of pairs, 15 by default]
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

_EMPTY_SERVER = """
from pygls.lsp.server import LanguageServer
LanguageServer("empty", "1").start_io()
"""
_COMMANDS: dict[str, Sequence[str]] = {
    "bantam serve": [str(Path(sys.executable).with_name("bantam")), "serve"],
    "empty pygls server": [sys.executable, "-c", _EMPTY_SERVER],
}
_INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def main(arguments: Sequence[str]) -> int:
    """Measure, print medians and the ratio of each pair; returns the exit status."""
    num_pairs = int(arguments[0]) if arguments else 15
    times_s: dict[str, list[float]] = {name: [] for name in _COMMANDS}
    with tempfile.TemporaryDirectory(prefix="bantam-") as root:
        environment = os.environ | {
            "BANTAM_CONFIG_HOME": f"{root}/config",
            "BANTAM_STATE_HOME": f"{root}/state",
            "BANTAM_CACHE_HOME": f"{root}/cache",
            "BANTAM_DATA_HOME": f"{root}/data",
            "BANTAM_RUNTIME_DIR": f"{root}/run",
        }
        for pair in range(num_pairs + 1):
            for name, command in _COMMANDS.items():
                elapsed_s = seconds_to_answer(command, environment)
                if pair > 0:  # The first pair warms the disk's cache.
                    times_s[name].append(elapsed_s)
    for name, values in times_s.items():
        print(f"{name:20} median {statistics.median(values) * 1000:6.0f} ms  n {len(values)}")
    ratios = sorted(ours / empty for ours, empty in zip(*times_s.values(), strict=True))
    print(
        f"ratio of pairs: median {statistics.median(ratios):.2f}, "
        f"from {ratios[0]:.2f} to {ratios[-1]:.2f}; load {os.getloadavg()[0]:.1f}"
    )
    return 0


def seconds_to_answer(command: Sequence[str], environment: dict[str, str]) -> float:
    """Return the seconds from the start of a server to its answer to `initialize`."""
    body = json.dumps(_INITIALIZE).encode()
    started_s = time.perf_counter()
    with subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as server:
        assert server.stdin is not None and server.stdout is not None, "both are pipes"
        server.stdin.write(b"Content-Length: %d\r\n\r\n" % len(body) + body)
        server.stdin.flush()
        header = server.stdout.readline()
        elapsed_s = time.perf_counter() - started_s
        assert header.startswith(b"Content-Length"), f"{command[0]} answered {header!r}"
        server.kill()
    return elapsed_s


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

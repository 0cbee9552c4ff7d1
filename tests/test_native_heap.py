from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the heap of glibc")

_COUNT_HEAPS = """
import ctypes, threading
from lsp_server.native_heap import keep_heap_small

if {is_used}:
    keep_heap_small()
libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
is_over = threading.Event()
are_there = threading.Barrier(9)


def allocate():
    blocks = [libc.malloc(5000) for _ in range(20)]
    are_there.wait()
    is_over.wait()


threads = [threading.Thread(target=allocate) for _ in range(8)]
for thread in threads:
    thread.start()
are_there.wait()
libc.malloc_info.argtypes = [ctypes.c_int, ctypes.c_void_p]
libc.fopen.restype = ctypes.c_void_p
libc.fclose.argtypes = [ctypes.c_void_p]
file = libc.fopen(b"{path}", b"w")
libc.malloc_info(0, file)
libc.fclose(file)
is_over.set()
"""

#: Every second block of some megabytes stays when the others are freed.
_COUNT_FREE_BYTES = """
from lsp_server.native_heap import keep_heap_small

if {is_used}:
    keep_heap_small()
del bytearray(8_000_000)[:]
states = [(bytearray(2_000_000), bytearray(2_000_000)) for _ in range(8)]
kept = [first for first, _ in states]
full_kb = int(open("/proc/self/statm").read().split()[1]) * 4
del states
print(full_kb - int(open("/proc/self/statm").read().split()[1]) * 4)
"""


@pytest.mark.parametrize(("is_used", "is_one"), [(True, True), (False, False)])
def test_threads_share_one_heap(is_used: bool, is_one: bool, tmp_path: Path) -> None:
    path = tmp_path / "info.xml"
    run(_COUNT_HEAPS.format(is_used=is_used, path=path))
    num_heaps = path.read_text().count("<heap nr=")
    assert (num_heaps == 1) is is_one


@pytest.mark.parametrize(("is_used", "goes_back"), [(True, True), (False, False)])
def test_large_blocks_leave_no_holes(is_used: bool, goes_back: bool) -> None:
    freed_kb = int(run(_COUNT_FREE_BYTES.format(is_used=is_used)))
    assert (freed_kb > 15_000) is goes_back


def run(script: str) -> str:
    command = [sys.executable, "-c", script]
    return subprocess.run(command, check=True, timeout=60, capture_output=True, text=True).stdout

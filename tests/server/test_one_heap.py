from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_COUNT_HEAPS = """
import ctypes, threading
from lsp_server.server.one_heap import use_one_heap

if {is_used}:
    use_one_heap()
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


@pytest.mark.skipif(sys.platform != "linux", reason="heaps are counted with glibc")
@pytest.mark.parametrize(("is_used", "is_one"), [(True, True), (False, False)])
def test_threads_share_one_heap(is_used: bool, is_one: bool, tmp_path: Path) -> None:
    path = tmp_path / "info.xml"
    script = _COUNT_HEAPS.format(is_used=is_used, path=path)
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
    num_heaps = path.read_text().count("<heap nr=")
    assert (num_heaps == 1) is is_one

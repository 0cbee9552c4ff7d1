"""Descriptors 0 and 1 are the protocol's, for Python, native code and children alike."""

from __future__ import annotations

import subprocess
import sys

WRITES = """
import ctypes, os, sys
from lsp_server.server.protocol.standard_streams import reserve_stdout
protocol_fd = reserve_stdout()
print("from print", flush=True)
os.write(1, b"from a descriptor\\n")
libc = ctypes.CDLL(None)
libc.puts(b"from native code")
libc.fflush(None)
os.system("echo from a child")
os.write(protocol_fd, b"message")
"""

READS = """
import os, subprocess, sys
from lsp_server.server.protocol.standard_streams import reserve_stdin
protocol_fd = reserve_stdin()
by_child = subprocess.run(["cat"], stdout=subprocess.PIPE).stdout
print([by_child, sys.stdin.read(), os.read(protocol_fd, 99)])
"""

NOT_INHERITED = """
import os
from lsp_server.server.protocol.standard_streams import reserve_stdin, reserve_stdout
print([os.get_inheritable(fd) for fd in (reserve_stdin(), reserve_stdout())], flush=True)
"""


def run(script: str, standard_input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-c", script], input=standard_input, capture_output=True, check=True
    )


def test_only_the_protocol_reaches_standard_output() -> None:
    ran = run(WRITES)
    assert ran.stdout == b"message"
    assert ran.stderr.splitlines() == [
        b"from print",
        b"from a descriptor",
        b"from native code",
        b"from a child",
    ]


def test_nobody_else_reads_what_the_client_sends() -> None:
    ran = run(READS, b"message")
    assert ran.stdout.strip() == b"[b'', '', b'message']"


def test_children_do_not_hold_the_pipes_open() -> None:
    assert run(NOT_INHERITED).stderr.strip() == b"[False, False]"

import subprocess
import sys

SCRIPT = """
import os, sys
from lsp_server.server.protocol.stdout_guard import reserve_stdout
protocol = reserve_stdout()
print("from print", flush=True)
os.write(1, b"from a library\\n")
os.system("echo from a child")
protocol.write(b"message")
protocol.flush()
"""


def test_only_the_protocol_reaches_standard_output() -> None:
    run = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, check=True)
    assert run.stdout == b"message"
    assert run.stderr.splitlines() == [b"from print", b"from a library", b"from a child"]

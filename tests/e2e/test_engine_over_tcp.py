"""`bantam engine serve --tcp` as a process of its own, and what it lets out."""

from __future__ import annotations

import os
import re
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openai
import psutil
import pytest

from lsp_server.directories import Directories
from lsp_server.engine.runners.fake_models import FAKE_COMPLETION
from lsp_server.engine.shared.tcp.secret import secret_file
from tests.support.command import bantam, start_bantam
from tests.support.engine_processes import engines_of, no_engine_left

pytestmark = pytest.mark.e2e

PROMPT = "def add(a, b):\n    "


@pytest.fixture(autouse=True)
def _no_engine_left(bantam_directories: Directories) -> Iterator[None]:
    with no_engine_left(bantam_directories):
        yield


@pytest.fixture
def serving(bantam_directories: Directories) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the command with a free port; give the process and its address."""
    bantam_directories.config.mkdir(parents=True)
    bantam_directories.config_file.write_text('[model]\nname = "fake"\n', encoding="utf-8")
    process = start_bantam("engine", "serve", "--tcp", "127.0.0.1:0")
    assert process.stdout is not None and process.stderr is not None
    try:
        line = process.stdout.readline()
        match = re.match(r"listening at (http://127\.0\.0\.1:\d+); the key is in (.*)$", line)
        assert match, (line, process.stderr.read())
        assert match[2] == str(secret_file(bantam_directories))
        yield process, match[1]
    finally:
        process.kill()
        process.communicate(timeout=30)


@pytest.fixture
def key(serving: object, bantam_directories: Directories) -> str:
    """Return the secret as tools send it."""
    return secret_file(bantam_directories).read_text(encoding="ascii").strip()


def complete(url: str, key: str) -> str:
    """Ask as other tools do, with OpenAI's client."""
    with openai.OpenAI(base_url=f"{url}/v1", api_key=key, max_retries=0) as client:
        return client.completions.create(model="", prompt=PROMPT, temperature=0).choices[0].text


def test_other_tools_and_editors_use_the_same_engine_until_it_is_interrupted(
    serving: tuple[subprocess.Popen[str], str], key: str, bantam_directories: Directories
) -> None:
    process, url = serving
    assert complete(url, key) == FAKE_COMPLETION
    result = bantam("complete", "-", standard_input=PROMPT)
    assert result.stdout.strip() == FAKE_COMPLETION
    assert [engine.pid for engine in engines_of(bantam_directories)] == [process.pid]
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=60) == 0


def test_the_secret_is_in_no_process_list_log_or_message(
    serving: tuple[subprocess.Popen[str], str], key: str, bantam_directories: Directories
) -> None:
    process, url = serving
    complete(url, key)
    with pytest.raises(openai.AuthenticationError) as caught:
        complete(url, f"{key}0")
    assert key not in str(caught.value.body)
    for one in psutil.process_iter():
        try:
            shown = "\0".join([*one.cmdline(), *one.environ().values()])
        except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
            continue
        assert key not in shown, one
    bantam("engine", "stop")
    process.wait(timeout=60)
    assert process.stdout is not None and process.stderr is not None
    assert key not in process.stdout.read() + process.stderr.read()
    folders = bantam_directories
    for folder in (folders.state, folders.runtime, folders.cache, folders.config, folders.data):
        for file in folder.rglob("*"):
            if file.is_file() and file != secret_file(bantam_directories):
                assert key.encode() not in file.read_bytes(), file
    assert stat.S_IMODE(secret_file(bantam_directories).stat().st_mode) == 0o600


@pytest.mark.skipif(sys.platform != "linux", reason="/proc is Linux's")
def test_it_leaves_no_core(serving: tuple[subprocess.Popen[str], str]) -> None:
    limits = Path(f"/proc/{serving[0].pid}/limits").read_text(encoding="ascii")
    assert re.search(r"Max core file size +0 +0 ", limits)


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
def test_another_user_gets_neither_the_secret_nor_an_answer(
    serving: tuple[subprocess.Popen[str], str], key: str, bantam_directories: Directories
) -> None:
    program = (
        "import encodings.idna, os, socket, sys\n"
        "path, host, port = sys.argv[1:]\n"
        "os.setgid(65534); os.setuid(65534)\n"
        "try:\n    open(path); print('read')\n"
        "except PermissionError:\n    print('denied')\n"
        "peer = socket.create_connection((host, int(port)))\n"
        "peer.sendall(f'GET /v1/models HTTP/1.1\\r\\nHost: {host}:{port}\\r\\n\\r\\n'.encode())\n"
        "print(peer.recv(4096).decode().split()[1])\n"
    )
    path = secret_file(bantam_directories)
    # The folders above it may be entered, so that it is the file that refuses.
    for folder in (path.parent, *list(path.parents)[1:2]):
        folder.chmod(0o711)
    done = subprocess.run(
        [sys.executable, "-c", program, str(path), "127.0.0.1", serving[1].rpartition(":")[2]],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.split() == ["denied", "401"], done.stderr


def test_a_second_engine_is_refused_at_once(serving: object) -> None:
    result = bantam("engine", "serve", "--tcp", "127.0.0.1:0")
    assert result.returncode == 1
    assert "is running already; end it with `bantam engine stop`" in result.stderr


@pytest.mark.parametrize("address", ["0.0.0.0:8012", "192.168.0.2:8012", "[::]:1", "example.com:1"])
def test_no_other_address_than_loopback_is_listened_at(
    address: str, bantam_directories: Directories
) -> None:
    result = bantam("engine", "serve", "--tcp", address)
    assert result.returncode == 2
    assert "no loopback address" in result.stderr
    assert not bantam_directories.state.exists()


def test_a_port_that_is_taken_is_named(
    serving: tuple[subprocess.Popen[str], str],
) -> None:
    process, url = serving
    process.send_signal(signal.SIGSTOP)
    try:
        taken = url.removeprefix("http://")
        other = Path(os.environ["BANTAM_RUNTIME_DIR"]).with_name("other")
        result = bantam(
            *("engine", "serve", "--tcp", taken), environment={"BANTAM_RUNTIME_DIR": str(other)}
        )
    finally:
        process.send_signal(signal.SIGCONT)
    assert result.returncode == 1
    assert f"cannot listen at {taken}" in result.stderr


def test_status_and_metrics_are_had_over_tcp(serving: tuple[subprocess.Popen[str], str]) -> None:
    process, url = serving
    address = url.removeprefix("http://")
    assert f"process {process.pid}" in bantam("engine", "status", "--tcp", address).stdout
    assert "bantam_engine_info" in bantam("engine", "metrics", "--tcp", address).stdout
    assert "no engine is running" in bantam("engine", "status", "--tcp", "127.0.0.1:1").stdout

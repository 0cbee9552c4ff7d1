"""A remote engine: llama-cpp-python's own server with the embedded model, on loopback."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from lsp_server.directories import Directories
from tests.support.command import bantam
from tests.support.engine_processes import engines_of, no_engine_left
from tests.support.lsp_session import lsp_session

pytestmark = [pytest.mark.e2e, pytest.mark.real_model]

#: At the end of a word: healing one that is begun is what a remote server cannot do.
SURE = "class Point:\n    def __init__(self, name):\n        self.name"
KEY = "key-of-the-test"
DEADLINE_S = 90.0


@pytest.fixture(scope="module")
def server_url(embedded_model: Path) -> Iterator[str]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = {
        "--model": embedded_model,
        "--model_alias": "embedded",
        "--host": "127.0.0.1",
        "--port": port,
        "--n_ctx": 2048,
        "--n_threads": 2,
        "--api_key": KEY,
        "--interrupt_requests": "false",
    }
    words = [str(word) for pair in options.items() for word in pair]
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tests.support.llama_cpp_server", *words],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        url = f"http://127.0.0.1:{port}/v1"
        _wait_for(f"{url}/models", process)
        yield url
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(autouse=True)
def _remote(
    server_url: str, bantam_directories: Directories, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    bantam_directories.config.mkdir(parents=True, exist_ok=True)
    bantam_directories.config_file.write_text(
        f"[remote]\nurl = '{server_url}'\nkey_variable = 'REMOTE_TEST_KEY'\n"
        "fim_format = 'deepseek-coder'\ncontext_tokens = 2048\n"
    )
    monkeypatch.setenv("REMOTE_TEST_KEY", KEY)
    with no_engine_left(bantam_directories):
        yield


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {KEY}"})
    deadline_s = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline_s:
        assert process.poll() is None, "the server has ended"
        try:
            urllib.request.urlopen(request, timeout=5).close()
        except urllib.error.URLError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError(f"no server listens at {url}")


def completion(file: Path, *options: str) -> dict[str, object]:
    result = bantam("complete", "--json", *options, f"{file}:3:18")
    assert result.returncode == 0, result.stderr
    values: dict[str, object] = json.loads(result.stdout)
    return values


def first_line(values: dict[str, object]) -> str:
    items = values["items"]
    assert isinstance(items, list)
    return str(items[0]["text"]).partition("\n")[0]


def test_the_remote_model_says_what_the_local_one_says(
    tmp_path: Path, bantam_directories: Directories
) -> None:
    file = tmp_path / "a.py"
    file.write_text(f"{SURE}\n")
    remote = completion(file)
    assert engines_of(bantam_directories) == []
    assert str(remote["model"]).startswith("the model at 127.0.0.1:")
    local = completion(file, "--model", "bantam-embedded")
    assert local["model"] == "bantam-embedded"
    assert first_line(remote) == first_line(local)
    assert first_line(remote) == " = name"


def test_a_wrong_key_is_one_message_without_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REMOTE_TEST_KEY", "wrong-key")
    file = tmp_path / "a.py"
    file.write_text(f"{SURE}\n")
    result = bantam("complete", f"{file}:3:18")
    assert result.returncode != 0
    assert "refuses the key" in result.stderr
    assert "wrong-key" not in result.stderr + result.stdout


def test_doctor_and_status_say_where_code_is_sent(server_url: str) -> None:
    assert f"your code is sent to {server_url}" in bantam("doctor").stdout
    assert "your code is sent there" in bantam("engine", "status").stdout


def test_a_docstring_is_written_by_the_remote_model(tmp_path: Path) -> None:
    file = tmp_path / "a.py"
    file.write_text("def add(a: int, b: int) -> int:\n    return a + b\n")
    result = bantam("act", "docstring", f"{file}:1")
    assert result.returncode == 0, result.stderr
    assert '+    """' in result.stdout


async def test_over_lsp(bantam_directories: Directories) -> None:
    async with lsp_session() as session:
        document = session.open(f"{SURE}‸\n")
        assert "self.name = name\n" in await session.accept(document)
    assert engines_of(bantam_directories) == []

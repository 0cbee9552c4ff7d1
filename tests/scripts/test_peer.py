from __future__ import annotations

import io
import json
import shutil
import tarfile
import time
from pathlib import Path

import pytest

from scripts.peer import build, program
from scripts.peer.build import PROGRAM, PeerBuild, PeerNotBuilt
from scripts.peer.options import PeerOptions
from scripts.peer.program import PeerFailed, find_peer
from scripts.peer.server import another_client, serving
from scripts.peer.wheel import WheelMissing, wheel_command
from scripts.set_up.progress import Reporter
from scripts.vocabularies.fetch import FetchFailed
from tests.support.stub_llama_server import (
    TOKENS_COMPUTED,
    TOKENS_OF_A_CUT_STREAM,
    TOKENS_REUSED,
)
from tests.support.stub_peer import STUB_PEER


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def reporter() -> Reporter:
    return Reporter(io.StringIO())


def test_builds_of_other_flags_lie_elsewhere(cache: Path) -> None:
    variables = {"XDG_CACHE_HOME": str(cache)}
    plain = PeerBuild.of(variables)
    tuned = PeerBuild.of({**variables, "CMAKE_ARGS": "-DGGML_AVX512=ON"})
    assert plain.folder.is_relative_to(cache)
    assert plain.folder != tuned.folder
    assert PeerBuild.of(variables) == plain


def test_a_finished_build_is_used_again(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "download_archive", lambda folder: pytest.fail("builds again"))
    peer = PeerBuild.of()
    peer.folder.mkdir(parents=True)
    peer.program.write_bytes(b"")
    assert peer.ensure(reporter()) == peer.program


def archive_of(folder: Path, names: list[str]) -> Path:
    path = folder / "archive.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in names:
            member = tarfile.TarInfo(f"llama_cpp_python-1/{name}")
            archive.addfile(member, io.BytesIO())
    return path


def test_a_build_appears_when_it_is_complete(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive = archive_of(tmp_path, ["vendor/llama.cpp/CMakeLists.txt", "README.md"])
    monkeypatch.setattr(build, "download_archive", lambda folder: archive)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}" if name == "cmake" else None)
    commands = []

    def run_step(title, command, reporter, **_) -> None:
        commands.append(command)
        if "--target" in command:
            binaries = Path(command[command.index("--build") + 1], "bin")
            binaries.mkdir(parents=True)
            (binaries / PROGRAM).write_text("built")

    monkeypatch.setattr(build, "run_step", run_step)
    peer = PeerBuild.of({"CMAKE_ARGS": "-DGGML_AVX512=ON", "XDG_CACHE_HOME": str(cache)})
    assert peer.ensure(reporter()).read_text() == "built"
    configure, compile_ = commands
    assert "-DCMAKE_BUILD_TYPE=Release" in configure
    assert "-DGGML_AVX512=ON" in configure
    assert compile_[compile_.index("--target") + 1] == "llama-server"
    assert [path.name for path in peer.folder.parent.iterdir()] == [peer.folder.name]


def test_a_failed_build_leaves_nothing(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(folder: Path) -> Path:
        raise FetchFailed("no network")

    monkeypatch.setattr(build, "download_archive", fail)
    monkeypatch.setattr(shutil, "which", lambda name: f"/bin/{name}")
    peer = PeerBuild.of()
    with pytest.raises(PeerNotBuilt, match="no network"):
        peer.ensure(reporter())
    assert list(peer.folder.parent.iterdir()) == []


def test_without_cmake_the_wheel_is_taken_and_named(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(program, "ensure_wheel", lambda reporter: tmp_path)
    peer = find_peer(reporter())
    assert "xllamacpp" in peer.name
    assert "another llama.cpp" in peer.name
    command = peer.command(Path("model.gguf"), PeerOptions(4_096), 1_234)
    assert command[-3:-1] == ["model.gguf", "1234"]
    assert json.loads(command[-1])["n_ctx"] == 4_096


def test_without_either_both_reasons_are_said(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(reporter: Reporter) -> Path:
        raise WheelMissing("no such version")

    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(program, "ensure_wheel", fail)
    with pytest.raises(PeerFailed, match=r"cmake is not installed.*no such version"):
        find_peer(reporter())


def test_threads_and_slots_are_said_to_both_kinds_of_peer(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = PeerOptions(4_096, num_threads=3, num_slots=8)
    built = PeerBuild.of()
    built.folder.mkdir(parents=True)
    built.program.write_bytes(b"")
    words = " ".join(find_peer(reporter()).command(Path("model.gguf"), options, 1))
    for wanted in ("--threads 3", "--threads-batch 3", "--parallel 8 --kv-unified"):
        assert wanted in words
    values = json.loads(wheel_command(tmp_path, Path("model.gguf"), options, 1)[-1])
    assert (values["n_threads"], values["n_parallel"], values["kv_unified"]) == (3, 8, True)


def test_the_wheel_s_command_is_valid_python() -> None:
    command = wheel_command(Path("x"), Path("m.gguf"), PeerOptions(1), 2)
    compile(command[2], "command", "exec")


async def test_answers_have_the_server_s_own_figures() -> None:
    async with serving(STUB_PEER, Path("model.gguf"), PeerOptions(4_096)) as client:
        answer = await client.infill("a\n", "b", "c\n", max_tokens=5)
    assert (answer.tokens_computed, answer.tokens_reused) == (TOKENS_COMPUTED, TOKENS_REUSED)
    assert (answer.tokens_generated, answer.ms_prompt, answer.ms_decode) == (5, 20.0, 10.0)


async def test_a_server_that_ends_at_once_is_quoted() -> None:
    with pytest.raises(PeerFailed, match=r"ended with status 1(.|\n)*cannot be loaded"):
        async with serving(STUB_PEER, Path("broken.gguf"), PeerOptions(4_096)):
            pass


async def test_a_refused_request_is_an_error() -> None:
    async with serving(STUB_PEER, Path("model.gguf"), PeerOptions(4_096)) as client:
        with pytest.raises(PeerFailed, match="500"):
            await client.complete("fail", max_tokens=1)


async def test_a_stream_has_figures_and_the_time_of_its_first_text() -> None:
    async with serving(STUB_PEER, Path("model.gguf"), PeerOptions(4_096)) as client:
        before_s = time.perf_counter()
        streamed = await client.stream("x = ", max_tokens=5, slot=0)
        async with another_client(client) as other:
            await other.stream("y = ", max_tokens=1)
    assert before_s < streamed.first_s < time.perf_counter()
    assert streamed.answer.tokens_computed == TOKENS_COMPUTED
    assert streamed.answer.tokens_generated == 5


async def test_a_stream_that_is_refused_or_cut_is_an_error() -> None:
    async with serving(STUB_PEER, Path("model.gguf"), PeerOptions(4_096)) as client:
        with pytest.raises(PeerFailed, match="500"):
            await client.stream("fail", max_tokens=1)
        with pytest.raises(PeerFailed, match="without its last line"):
            await client.stream("x = ", max_tokens=TOKENS_OF_A_CUT_STREAM)

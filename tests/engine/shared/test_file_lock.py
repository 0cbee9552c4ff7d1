"""Locks between processes, tried with two open files in one: `flock` tells those apart."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.errors import ConfigError


def test_only_one_holds_the_lock(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as first, FileLock(tmp_path / "lock") as second:
        assert first.try_acquire()
        assert not second.try_acquire()
        first.release()
        assert second.try_acquire()


def test_leaving_releases(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as first:
        assert first.try_acquire()
    assert FileLock(tmp_path / "lock").is_held() is False


def test_asking_whether_it_is_held_does_not_take_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert not lock.is_held()
    with FileLock(tmp_path / "lock") as holder:
        assert holder.try_acquire()
        assert lock.is_held()
    assert not lock.is_held()
    assert not lock.is_held()


async def test_acquire_waits_for_its_turn(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as first, FileLock(tmp_path / "lock") as second:
        assert first.try_acquire()
        waiting = asyncio.create_task(second.acquire(30.0))
        await asyncio.sleep(0)
        assert not waiting.done()
        first.release()
        await waiting
        assert not first.try_acquire()


async def test_acquire_gives_up(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock") as first, FileLock(tmp_path / "lock") as second:
        assert first.try_acquire()
        with pytest.raises(TimeoutError):
            await second.acquire(0.05)


def test_what_the_holder_wrote_stays_after_it(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    assert lock.read() == ""
    with FileLock(tmp_path / "lock") as holder:
        assert holder.try_acquire()
        holder.write("12345")
        holder.write("67")
    assert lock.read() == "67"


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=f"{tmp_path}/lock: .*; remove what stands in its place"):
        FileLock(tmp_path / "lock").try_acquire()
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("ask", [FileLock.try_acquire, FileLock.is_held, FileLock.read])
@pytest.mark.parametrize("kind", ["folder", "named pipe"])
def test_what_is_no_file_is_refused_without_waiting(
    tmp_path: Path, kind: str, ask: Callable[[FileLock], object]
) -> None:
    path = tmp_path / "lock"
    if kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(ConfigError, match=f"{path}: .*; remove what stands in its place"):
        ask(FileLock(path))


def test_a_folder_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=f"cannot write {tmp_path}/gone/lock: No such file"):
        FileLock(tmp_path / "gone" / "lock").try_acquire()


def test_broken_content_can_be_read(tmp_path: Path) -> None:
    (tmp_path / "lock").write_bytes(b"\xff1")
    assert FileLock(tmp_path / "lock").read() == "\N{REPLACEMENT CHARACTER}1"

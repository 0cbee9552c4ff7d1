"""When an engine that died is started again, and when it is not."""

from __future__ import annotations

import pytest

from lsp_server.engine.shared.crash_guard import MAX_DEATHS, WINDOW_S, CrashGuard
from lsp_server.engine.shared.file_lock import FileLock
from lsp_server.engine.shared.runtime_folder import RuntimeFolder
from lsp_server.errors import EngineStartError


class Clock:
    """A clock that stands still until it is set."""

    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def guard(folder: RuntimeFolder, clock: Clock) -> CrashGuard:
    return CrashGuard(folder, clock)


def leave_pid(folder: RuntimeFolder, text: str) -> None:
    """Leave the lock file as an engine that is gone has left it."""
    with FileLock(folder.engine_lock) as lock:
        assert lock.try_acquire()
        lock.write(text)


def test_the_first_starts_are_allowed(guard: CrashGuard) -> None:
    for _ in range(MAX_DEATHS - 1):
        guard.check()
        guard.note_death()
    guard.check()


def test_a_loop_is_refused_with_the_files_to_look_at(
    guard: CrashGuard, folder: RuntimeFolder, clock: Clock
) -> None:
    for _ in range(MAX_DEATHS):
        guard.note_death()
        clock.now_s += 1
    with pytest.raises(EngineStartError, match=r"3 times within 60 s.*for 57 s") as caught:
        guard.check()
    assert str(folder.log_file) in str(caught.value)
    assert str(folder.output_file) in str(caught.value)


def test_a_loop_is_forgotten_after_a_while(guard: CrashGuard, clock: Clock) -> None:
    for _ in range(MAX_DEATHS):
        guard.note_death()
    clock.now_s += WINDOW_S
    guard.check()


def test_deaths_far_apart_are_no_loop(guard: CrashGuard, clock: Clock) -> None:
    for _ in range(10):
        guard.note_death()
        guard.check()
        clock.now_s += WINDOW_S / 2


def test_an_engine_that_left_its_process_id_died_once(
    guard: CrashGuard, folder: RuntimeFolder
) -> None:
    for _ in range(MAX_DEATHS - 1):
        leave_pid(folder, "123")
        guard.check()
        guard.check()
    leave_pid(folder, "123")
    with pytest.raises(EngineStartError):
        guard.check()


def test_an_engine_that_ended_on_purpose_did_not_die(
    guard: CrashGuard, folder: RuntimeFolder
) -> None:
    for _ in range(MAX_DEATHS + 1):
        leave_pid(folder, "")
        guard.check()


def test_a_running_engine_did_not_die(guard: CrashGuard, folder: RuntimeFolder) -> None:
    with FileLock(folder.engine_lock) as lock:
        assert lock.try_acquire()
        lock.write("123")
        for _ in range(MAX_DEATHS + 1):
            guard.check()
        assert lock.read() == "123"


@pytest.mark.parametrize("content", [b"", b"{", b'["x"]', b"[1e9, 1e9, 1e9]"])
def test_a_broken_record_or_one_from_the_future_is_ignored(
    guard: CrashGuard, folder: RuntimeFolder, content: bytes
) -> None:
    folder.deaths_file.write_bytes(content)
    guard.check()

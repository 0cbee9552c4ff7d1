"""Messages leave whole and in order; a client that is gone is noticed once."""

from __future__ import annotations

import threading

from lsp_server.server.protocol.message_writer import MessageWriter

DEADLINE_S = 60.0


class Pipe:
    """Takes a few bytes at a time, like a pipe that is nearly full."""

    def __init__(self, at_once: int = 3) -> None:
        self.written = bytearray()
        self.is_open = threading.Event()
        self.is_open.set()
        self.error: OSError | None = None
        self._at_once = at_once

    def write(self, data: memoryview) -> int:
        assert self.is_open.wait(DEADLINE_S)
        if self.error is not None:
            raise self.error
        self.written += data[: self._at_once]
        return min(self._at_once, len(data))


def test_messages_of_several_threads_are_written_one_after_the_other() -> None:
    pipe = Pipe()
    writer = MessageWriter(pipe.write, lambda: None)

    def send(letter: bytes) -> None:
        for _ in range(50):
            writer.write(letter * 10)

    threads = [threading.Thread(target=send, args=(letter,)) for letter in (b"a", b"b", b"c")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    writer.close(DEADLINE_S)
    messages = [bytes(pipe.written[at : at + 10]) for at in range(0, 1_500, 10)]
    assert sorted(messages) == [letter * 10 for letter in (b"a", b"b", b"c") for _ in range(50)]


def test_a_lost_client_is_told_once_and_the_rest_is_dropped() -> None:
    pipe = Pipe()
    pipe.error = BrokenPipeError(32, "Broken pipe")
    broken: list[str] = []
    writer = MessageWriter(pipe.write, lambda: broken.append("broken"))
    for _ in range(5):
        writer.write(b"message")
    writer.close(DEADLINE_S)
    writer.write(b"message")
    assert broken == ["broken"]
    assert pipe.written == b""


def test_a_client_that_does_not_read_neither_blocks_nor_fills_the_memory() -> None:
    pipe = Pipe()
    pipe.is_open.clear()
    broken: list[str] = []
    writer = MessageWriter(pipe.write, lambda: broken.append("broken"), max_waiting_bytes=1_000)
    for _ in range(10):
        writer.write(b"x" * 99)
    assert broken == []
    for _ in range(10):
        writer.write(b"x" * 99)
    assert broken == ["broken"]
    writer.close()
    pipe.is_open.set()


def test_what_was_written_long_ago_does_not_count() -> None:
    pipe = Pipe(at_once=1_000)
    broken: list[str] = []
    writer = MessageWriter(pipe.write, lambda: broken.append("broken"), max_waiting_bytes=1_000)
    for number in range(20):
        writer.write(b"x" * 900)
        while len(pipe.written) < 900 * (number + 1) or writer.num_waiting_bytes:
            pass
    writer.close(DEADLINE_S)
    assert broken == []

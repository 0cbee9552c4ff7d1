"""A server in a process of its own, spoken to in bytes: no client library in between."""

from __future__ import annotations

import json
import queue
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

REPOSITORY = Path(__file__).parents[2]
#: The machine may be busy with a build; what is waited for normally takes a second.
DEADLINE_S = 60.0
URI = "untitled:Untitled-1"


def request(msg_id: int | str, method: str, params: Any = None) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "id": msg_id, "method": method}
    return message if params is None else {**message, "params": params}


def notification(method: str, params: Any = None) -> dict[str, Any]:
    message = {"jsonrpc": "2.0", "method": method}
    return message if params is None else {**message, "params": params}


def initialize(msg_id: int = 1, **params: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {"processId": None, "rootUri": None, "capabilities": {}}
    return request(msg_id, "initialize", {**plain, **params})


def opening(text: str) -> dict[str, Any]:
    item = {"uri": URI, "languageId": "python", "version": 1, "text": text}
    return notification("textDocument/didOpen", {"textDocument": item})


def insert(line: int, text: str, character: int = 0) -> dict[str, Any]:
    """Return a change of the document that `opening` opens."""
    at = {"line": line, "character": character}
    changes = [{"range": {"start": at, "end": at}, "text": text}]
    identifier = {"uri": URI, "version": 2}
    return notification(
        "textDocument/didChange", {"textDocument": identifier, "contentChanges": changes}
    )


INITIALIZED = notification("initialized", {})
SHUTDOWN = request("shutdown", "shutdown")
EXIT = notification("exit")


def framed(*messages: dict[str, Any] | bytes) -> bytes:
    """Return messages as they are sent; bytes are the body of one."""
    bodies = [one if isinstance(one, bytes) else json.dumps(one).encode() for one in messages]
    return b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)


class BrokenFraming(Exception):
    """The output holds something that is no message."""


class RawServer:
    """A running server.

    Attributes:
        process: Its process.
        received: Every message so far, in order.
    """

    def __init__(self, command: Sequence[str], stderr: IO[bytes]) -> None:
        self.process = subprocess.Popen(
            command,
            cwd=REPOSITORY,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=stderr,
            bufsize=0,
            # The shell that runs the tests may have made its commands deaf to these.
            preexec_fn=_hear_signals,
        )
        self.received: list[dict[str, Any]] = []
        self._stderr = stderr
        self._is_reading = True
        self._arrived: queue.SimpleQueue[dict[str, Any] | Exception | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def send(self, *messages: dict[str, Any] | bytes) -> None:
        """Send messages; bytes are the body of one."""
        self.send_bytes(framed(*messages))

    def send_bytes(self, data: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(data)

    def end_input(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()

    def stop_reading(self) -> None:
        """Close the client's end of the output; the next message is still read."""
        self._is_reading = False

    def next_message(self) -> dict[str, Any] | None:
        """Return the next message, or `None` when the output has ended.

        Raises:
            BrokenFraming: Something else came.
            queue.Empty: Nothing came within the deadline.
        """
        message = self._arrived.get(timeout=DEADLINE_S)
        if isinstance(message, Exception):
            raise message
        if message is not None:
            self.received.append(message)
        return message

    def response(self, msg_id: int | str | None) -> dict[str, Any]:
        """Return the one response to a request, which may have come already."""
        while not (found := self.responses(msg_id)):
            ended = self.next_message() is None
            assert not ended, f"the output ended without an answer to {msg_id!r}"
        [response] = found
        return response

    def responses(self, msg_id: int | str | None) -> list[dict[str, Any]]:
        """Return what has come so far in answer to a request."""
        return [one for one in self.received if "method" not in one and one["id"] == msg_id]

    def result(self, msg_id: int | str, method: str, params: Any = None) -> Any:
        """Send a request and return its result."""
        self.send(request(msg_id, method, params))
        response = self.response(msg_id)
        assert "error" not in response, response
        return response.get("result")

    def rest(self) -> list[dict[str, Any]]:
        """Return what comes until the output ends."""
        return list(iter(self.next_message, None))

    def end(self) -> int:
        """Shut the server down by the book and return its exit status."""
        self.send(SHUTDOWN, EXIT)
        self.rest()
        return self.wait()

    def wait(self) -> int:
        """Wait for the process and return its exit status."""
        return self.process.wait(DEADLINE_S)

    def kill(self) -> None:
        """End it by force.

        Only who reads its output closes it: another thread would do so under a read that is about
        to begin, which then reads from whatever was opened next.
        """
        self.process.kill()
        self.process.wait()
        self.end_input()
        self._reader.join(DEADLINE_S)
        assert not self._reader.is_alive(), "something else holds the server's output open"

    @property
    def stderr(self) -> str:
        """What it has written to standard error."""
        self._stderr.seek(0)
        return self._stderr.read().decode()

    def _read(self) -> None:
        assert self.process.stdout is not None
        try:
            while self._is_reading and (header := _header(self.process.stdout)) is not None:
                self._arrived.put(_message(header, self.process.stdout))
            self._arrived.put(None)
        except (BrokenFraming, ValueError) as error:
            self._arrived.put(BrokenFraming(str(error)[:200]))
            # What nobody reads would block the server.
            while self.process.stdout.read(1 << 16):
                pass
        finally:
            self.process.stdout.close()


@contextmanager
def running(*command: str) -> Iterator[RawServer]:
    """Run a command as a server, and leave nothing of it behind.

    Args:
        command: A program and its arguments, or the name of a script in `tests/support`.
    """
    if len(command) == 1:
        # Without a buffer, as in many containers (`PYTHONUNBUFFERED`), a large write is no whole.
        command = (sys.executable, "-u", "-m", f"tests.support.{command[0]}")
    with tempfile.TemporaryFile() as stderr:
        server = RawServer(command, stderr)
        try:
            yield server
        finally:
            server.kill()


def _hear_signals() -> None:
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)


def _header(stream: IO[bytes]) -> bytes | None:
    header = b""
    while not header.endswith(b"\r\n\r\n"):
        byte = stream.read(1)
        if not byte:
            if header:
                raise BrokenFraming(f"the output ends in {header!r}")
            return None
        header += byte
        if len(header) > 200:
            raise BrokenFraming(f"no header: {header!r}")
    return header


def _message(header: bytes, stream: IO[bytes]) -> dict[str, Any]:
    length = re.fullmatch(rb"Content-Length: (\d+)\r\n(Content-Type: [^\r\n]*\r\n)?\r\n", header)
    if length is None:
        raise BrokenFraming(f"no header: {header!r}")
    body = b""
    while len(body) < int(length[1]):
        part = stream.read(int(length[1]) - len(body))
        if not part:
            raise BrokenFraming("the output ends in a message")
        body += part
    message: dict[str, Any] = json.loads(body)
    return message


def started(name: str) -> Iterator[RawServer]:
    """Yield a server of `tests.support` that is in session; for fixtures."""
    with running(name) as server:
        server.send(initialize())
        server.response(1)
        server.send(INITIALIZED)
        yield server

"""A hub on the loopback interface: as much of its protocol as downloads need."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

_COMMIT = "c" * 40


@dataclass
class HubServer:
    """Serves one content for every path.

    Attributes:
        content: The file.
        etag: What the hub says its digest is.
        cut_after: Bytes after which each answer breaks off, or `None`.
        gated: Whether the licence must be accepted first.
        ranges: `Range` headers of all downloads, in order; `None` where there was none.
        tokens: `Authorization` headers of all requests.
    """

    content: bytes
    etag: str = ""
    cut_after: int | None = None
    gated: bool = False
    ranges: list[str | None] = field(default_factory=list)
    tokens: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.etag = self.etag or hashlib.sha256(self.content).hexdigest()
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub._answer(self, with_body=False)

            def do_GET(self) -> None:
                hub.ranges.append(self.headers.get("Range"))
                hub._answer(self, with_body=True)

            def log_message(self, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def endpoint(self) -> str:
        """The address for `HF_ENDPOINT`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, handler: BaseHTTPRequestHandler, *, with_body: bool) -> None:
        self.tokens.append(handler.headers.get("Authorization"))
        if self.gated:
            handler.send_response(403)
            handler.send_header("X-Error-Code", "GatedRepo")
            handler.send_header("Content-Length", "0")
            handler.end_headers()
            return
        start = self._start(handler.headers.get("Range"))
        body = self.content[start:]
        handler.send_response(206 if start else 200)
        handler.send_header("X-Repo-Commit", _COMMIT)
        handler.send_header("ETag", f'"{self.etag}"')
        handler.send_header("Content-Length", str(len(body)))
        if start:
            end = len(self.content) - 1
            handler.send_header("Content-Range", f"bytes {start}-{end}/{len(self.content)}")
        handler.end_headers()
        if with_body:
            handler.wfile.write(body if self.cut_after is None else body[: self.cut_after])
            handler.close_connection = self.cut_after is not None

    def _start(self, requested: str | None) -> int:
        match = re.fullmatch(r"bytes=(\d+)-", requested or "")
        return int(match[1]) if match else 0

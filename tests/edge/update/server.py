"""A real HTTP server in front of a repository, that lies as a test has it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

Lie = Callable[[str, bytes | None], bytes | None]
PREFIX = "/api/v1/releases/acme/"


class Repository(ThreadingHTTPServer):
    """Serves `folder`; what `lie` returns for a path and its content is sent in its place, None as 404.

    Attributes:
        cut: bytes after which a file of content is cut short; None sends it whole.
        drips: paths that hold this come a byte at a time, for ever; with `drips_head` already before their content.
        endless: paths that hold this are sent without an end.
        sent: bytes sent, by path.
        asked: the range of each request for content.
    """

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.folder = folder
        self.lie: Lie = lambda _path, content: content
        self.cut: int | None = None
        self.endless: str | None = None
        self.drips: str | None = None
        self.drips_head = False
        self.ignores_ranges = False
        self.sent: dict[str, int] = {}
        self.asked: list[str | None] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Who asked went away: half of the tests are about that."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # heads and bodies are sent apart
    server: Repository

    def do_GET(self) -> None:
        path = self.path.removeprefix(PREFIX)
        file = self.server.folder / path
        content = self.server.lie(path, file.read_bytes() if file.is_file() else None)
        if self.server.endless is not None and self.server.endless in path:
            self._send_for_ever()
            return
        if self.server.drips is not None and self.server.drips in path:
            self._drip(content or b"")
            return
        if content is None:
            self.send_error(404)
            return
        asked = self.headers.get("Range")
        match = re.match(r"bytes=(\d+)-$", asked or "")
        start = int(match[1]) if match and not self.server.ignores_ranges else 0
        if path.startswith("targets/content/"):
            self.server.asked.append(asked)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        part = content[start:]
        self.send_header("Content-Length", str(len(part)))
        self.end_headers()
        if self.server.cut is not None and path.startswith("targets/content/"):
            part = part[: self.server.cut]
            self.close_connection = True
        self.server.sent[path] = self.server.sent.get(path, 0) + len(part)
        self.wfile.write(part)

    def _drip(self, content: bytes) -> None:
        self.close_connection = True
        if not self.server.drips_head:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
        try:
            for byte in b"HTTP/1.1 200 OK\r\nX-Slow: " + b" " * 2000 if self.server.drips_head else content:
                self.wfile.write(bytes([byte]))
                time.sleep(0.05)
        except OSError:
            return

    def _send_for_ever(self) -> None:
        self.close_connection = True
        self.send_response(200)
        self.end_headers()
        path = self.path.removeprefix(PREFIX)
        try:
            while True:
                self.wfile.write(b" " * 65536)
                self.server.sent[path] = self.server.sent.get(path, 0) + 65536
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as the base class has it
        del format, args


@contextmanager
def served(folder: Path) -> Iterator[Repository]:
    """The server, for as long as the block runs."""
    server = Repository(folder)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

"""An HTTP server that keeps what it is sent, and answers as a test wants."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(slots=True)
class Receiver:
    port: int = 0
    status: int = 200
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    location: str | None = None
    refused: str = ""  # what a body holds that is answered with 500
    hold: threading.Event | None = None  # answers wait for it
    dripping: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"


@contextmanager
def receiving() -> Iterator[Receiver]:
    kept = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            kept.taken.append(({name.lower(): value for name, value in self.headers.items()}, body))
            if kept.hold is not None:
                kept.hold.wait(20)
            if kept.dripping:
                self._drip()
                return
            self.send_response(500 if kept.refused and kept.refused.encode() in body else kept.status)
            if kept.location is not None:
                self.send_header("Location", kept.location)
            self.send_header("content-length", "0")
            self.end_headers()

        def _drip(self) -> None:
            """A header that never ends."""
            self.wfile.write(b"HTTP/1.1 200 OK\r\nx: ")
            with suppress(OSError):
                while True:
                    self.wfile.write(b"x")
                    time.sleep(0.02)

        def log_message(self, *_arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

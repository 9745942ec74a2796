"""The page's server: the standard library's, with bounds. A few connections, each of which has to get on.

Whoever is in the shop's network may speak to it. A slow one, one that says nothing, and one that sends without end hold
one connection for some seconds, and no address holds more than a few.
"""

from __future__ import annotations

import contextlib
import io
import socket
import ssl
import threading
import time
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from socketserver import TCPServer
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import structlog

from edge.aim.guard import is_for_us, is_from_us, token_of
from edge.aim.routes import HEADERS, MOST_BYTES, Answer, AnswerError, Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from edge.aim.routes import Routes

MOST_CONNECTIONS = 24
MOST_OF_ONE = 8
"""Of one address: a browser opens six."""

EXCHANGE_SECONDS = 15.0
"""For each request and its answer, from the end of the one before, or from the connection on."""

MOST_HEAD_BYTES = 16 * 1024
"""Of a request's line and headers."""

_REAP_SECONDS = 0.5

log = structlog.get_logger(__name__)


class PageServer(ThreadingHTTPServer):
    """Serves routes until it is closed.

    Args:
        address: to listen at, and the port; 0 takes a free one.
        routes: what it answers.
        names: what this device is called, in small letters; its own address counts without being named.
        tls: makes it HTTPS; None: plain HTTP.

    Raises:
        OSError: the port is taken or not allowed.
    """

    daemon_threads = True
    block_on_close = False
    request_queue_size = 16

    def __init__(
        self, address: tuple[str, int], routes: Routes, *, names: Collection[str], tls: ssl.SSLContext | None
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.routes = routes
        self.names = frozenset(names)
        self.tls = tls
        self._lock = threading.Lock()
        self._open: dict[socket.socket, float] = {}  # until when the present exchange has to end
        self._whose: dict[socket.socket, str] = {}
        super().__init__(address, _Handler)
        self._workers = [
            threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.1}, name="page", daemon=True),
            threading.Thread(target=self._reap, name="page-reaper", daemon=True),
        ]
        self._over = threading.Event()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])

    def start(self) -> None:
        """Begin."""
        for thread in self._workers:
            thread.start()

    def close(self) -> None:
        """End: nobody listens at the port any more, and every connection is cut."""
        self._over.set()
        self.shutdown()
        self.server_close()
        with self._lock:
            left = list(self._open)
        for one in left:
            _cut(one)

    def get_request(self) -> tuple[socket.socket, Any]:
        """A connection; TLS begins in its own thread, so that nobody who is slow at it keeps others waiting."""
        accepted, address = super().get_request()
        if self.tls is None:
            return accepted, address
        wrapped = self.tls.wrap_socket(accepted, server_side=True, do_handshake_on_connect=False)
        return wrapped, address

    def server_bind(self) -> None:
        """Listen. The library would ask a resolver for this device's name, which takes long without a network."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        with self._lock:
            of_one = sum(address == client_address[0] for address in self._whose.values())
            if len(self._open) >= MOST_CONNECTIONS or of_one >= MOST_OF_ONE:
                return False
            self._open[request] = time.monotonic() + EXCHANGE_SECONDS
            self._whose[request] = client_address[0]
            return True

    def shutdown_request(self, request: Any) -> None:
        """A connection ended, or was not let in."""
        with self._lock:
            self._open.pop(request, None)
            self._whose.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever hangs up, speaks no TLS or does not know our certificate is no news."""

    def goes_on(self, connection: socket.socket) -> None:
        """An exchange ended; the next one may take as long."""
        with self._lock:
            if connection in self._open:
                self._open[connection] = time.monotonic() + EXCHANGE_SECONDS

    def _reap(self) -> None:
        while not self._over.wait(_REAP_SECONDS):
            now = time.monotonic()
            with self._lock:
                late = [one for one, until in self._open.items() if until < now]
            for one in late:
                _cut(one)


class _Bounded(io.BufferedIOBase):
    """What a client sends, up to so many bytes for a request: behind them it has ended.

    Args:
        source: what it sends.
    """

    def __init__(self, source: io.BufferedIOBase) -> None:
        self._source = source
        self.left = 0

    def read(self, size: int | None = -1, /) -> bytes:
        return self._counted(self._source.read(self._most(size)))

    def readline(self, size: int | None = -1, /) -> bytes:
        return self._counted(self._source.readline(self._most(size)))

    def close(self) -> None:
        self._source.close()
        super().close()

    def _most(self, size: int | None) -> int:
        return self.left if size is None or size < 0 else min(size, self.left)

    def _counted(self, data: bytes) -> bytes:
        self.left -= len(data)
        return data


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "facings"
    sys_version = ""
    timeout = EXCHANGE_SECONDS
    disable_nagle_algorithm = True

    def setup(self) -> None:
        self.request.settimeout(self.timeout)
        if isinstance(self.request, ssl.SSLSocket):
            self.request.do_handshake()
        super().setup()
        self.rfile = self._bounded = _Bounded(self.rfile)

    def handle_one_request(self) -> None:
        self._bounded.left = MOST_HEAD_BYTES + MOST_BYTES
        super().handle_one_request()
        self._server.goes_on(self.request)

    def do_GET(self) -> None:
        self._exchange(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif len(length) > len(str(MOST_BYTES)) or int(length) > MOST_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            self._exchange(self.rfile.read(int(length)))

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:  # noqa: ARG002
        """What the library itself refuses: other methods, and what is no HTTP."""
        self._refuse(HTTPStatus(code))

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's names
        """Addresses of phones are not logged."""

    @property
    def _server(self) -> PageServer:
        return cast("PageServer", self.server)

    def _exchange(self, body: bytes) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        secure = self._server.tls is not None
        here = self.request.getsockname()[0]
        if not is_for_us(
            headers.get("host"), names=self._server.names, address=here, port=self._server.port, secure=secure
        ):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
            return
        if self.command == "POST" and not is_from_us(headers, scheme="https" if secure else "http"):
            self._refuse(HTTPStatus.FORBIDDEN)
            return
        token = token_of(headers.get("cookie"), secure=secure)
        asked = Request(self.command, urlsplit(self.path).path, headers, body, token)
        try:
            answer = self._server.routes.answer(asked)
        except Exception:
            log.exception("aim.failed", path=asked.path)
            answer = AnswerError(HTTPStatus.INTERNAL_SERVER_ERROR, "failed").answer
        self._send(answer)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send(AnswerError(status, "refused").answer)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        for name, value in {**HEADERS, **answer.headers}.items():
            self.send_header(name, value)
        if answer.body or answer.status != HTTPStatus.NO_CONTENT:
            self.send_header("Content-Type", answer.kind)
            self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)


def tls_context(load: Callable[[ssl.SSLContext], None]) -> ssl.SSLContext:
    """TLS 1.2 or newer.

    Args:
        load: gives it a certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    load(context)
    return context


def _cut(connection: socket.socket) -> None:
    """Wake whoever reads from or writes to it; its own thread closes it."""
    with contextlib.suppress(OSError):
        socket.socket.shutdown(connection, socket.SHUT_RDWR)

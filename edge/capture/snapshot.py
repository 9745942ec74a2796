"""A network camera's still picture over HTTP, within a total time and size."""

from __future__ import annotations

import os
import socket
import threading
from concurrent.futures import Future
from contextlib import suppress
from http import HTTPStatus
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.parse import unquote

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

from edge.capture.address import shown
from edge.capture.frame import Frame
from edge.contract.errors import SourceError
from edge.recognise.images import decode_upright

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_BYTES = 64 * 1024 * 1024
MEND = "check its address and the network"


class Snapshot:
    """Fetches one still picture per capture.

    Args:
        url: of the picture; user and password in it are sent as HTTP Basic.
        deadline: seconds for all of it. A socket's timeout counts from its last byte, so that a camera that sends a
            byte now and then never runs into it; here the connection is cut.
    """

    def __init__(self, url: str, *, deadline: float) -> None:
        auth = urllib3.util.parse_url(url).auth
        self._url = url
        self._name = shown(url)
        self._headers = urllib3.util.make_headers(basic_auth=unquote(auth)) if auth else {}
        self._deadline = deadline
        self._fetch: _Fetch | None = None
        self._closed = False

    def capture(self) -> Frame | None:
        """The picture as it is now; None when the camera was closed meanwhile.

        Raises:
            SourceError: no answer in time, a refusal, or a picture that is too large.
            ImageError: the answer is no picture.
        """
        self._fetch = fetch = _Fetch(self._url, self._headers, timeout=self._deadline)
        if self._closed:
            return None
        fetch.start()
        try:
            status, data = fetch.answer.result(self._deadline)
        except TimeoutError:
            raise SourceError(f"{self._name}: no whole picture within {self._deadline:g} s", MEND) from None
        except (urllib3.exceptions.HTTPError, HTTPException, OSError, ValueError) as error:
            raise SourceError(f"{self._name}: no picture ({type(error).__name__})", MEND) from None
        finally:
            fetch.cut()
        if status != HTTPStatus.OK:
            raise SourceError(f"{self._name}: HTTP {status}", "check the address and the password")
        if len(data) > MAX_BYTES:
            raise SourceError(f"{self._name}: over {MAX_BYTES} bytes", "ask the camera for a smaller picture")
        return Frame(decode_upright(data, self._name).image, self._name, None)

    def close(self) -> None:
        """Break off a fetch under way."""
        self._closed = True
        if self._fetch is not None:
            self._fetch.cut()


class _Fetch(threading.Thread):
    """One request, in a thread of its own, so that whoever waits for it can leave it at any point.

    Of a name that is being looked up it cannot be cut off: the resolver's own limits end it then.
    """

    def __init__(self, url: str, headers: Mapping[str, str], *, timeout: float) -> None:
        super().__init__(name="snapshot", daemon=True)
        self._url = url
        self._request_headers = headers
        self._timeout = timeout
        self._connecting = threading.Lock()
        self._socket: socket.socket | None = None
        self._cut = False
        self.answer: Future[tuple[int, bytes]] = Future()

    def run(self) -> None:
        """Fetch."""
        try:
            answer = self._request()
        except Exception as error:  # noqa: BLE001 - it is raised where the answer is asked for
            self.answer.set_exception(error)
        else:
            self.answer.set_result(answer)
        finally:
            self.cut()

    def cut(self) -> None:
        """End the connection, whatever it is waiting for."""
        with self._connecting:
            self._cut = True
            if self._socket is not None:
                with suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
                self._socket.close()
                self._socket = None

    def watch(self, connected: socket.socket) -> socket.socket:
        """Hold on to a connection, by a handle of its own: TLS takes the socket's own away."""
        with self._connecting:
            if self._cut:
                connected.close()
                raise ConnectionAbortedError
            self._socket = socket.socket(fileno=os.dup(connected.fileno()))
        return connected

    def _request(self) -> tuple[int, bytes]:
        fetch = self

        class Plain(HTTPConnection):
            def _new_conn(self) -> socket.socket:
                return fetch.watch(super()._new_conn())

        class Secure(HTTPSConnection):
            def _new_conn(self) -> socket.socket:
                return fetch.watch(super()._new_conn())

        url = urllib3.util.parse_url(self._url)
        pool: urllib3.HTTPConnectionPool
        if url.scheme == "https":
            pool = urllib3.HTTPSConnectionPool(url.host or "", url.port)
            pool.ConnectionCls = Secure
        else:
            pool = urllib3.HTTPConnectionPool(url.host or "", url.port)
            pool.ConnectionCls = Plain
        with pool:
            response = pool.request(
                "GET",
                url.request_uri,
                headers=self._request_headers,
                timeout=urllib3.Timeout(total=self._timeout),
                retries=False,
                preload_content=False,
            )
            with response:
                return response.status, response.read(MAX_BYTES + 1)

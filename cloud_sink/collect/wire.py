"""The socket under the collector's MQTT: opened, encrypted, read and written without waiting, and kept alive."""

from __future__ import annotations

import select
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.collect import mqtt5

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

RECEIVE_MAXIMUM = 100
"""Messages that a broker may have under way to one collector, unless it is told otherwise."""

_CONNECT_SECONDS = 5.0
_CHUNK = 256 * 1024
_GRACE = 1.5
"""A connection is dead after this many keep-alive times without a byte (3.1.2.10)."""


class WireError(Exception):
    """The connection could not be made, or broke."""


@dataclass(frozen=True, slots=True)
class Login:
    """How a broker is reached."""

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    share: str = ""
    session_seconds: int = 0  # how long the broker keeps what comes while the collector is away
    receive_maximum: int = RECEIVE_MAXIMUM


class Wire:
    """One connection, from CONNECT to its end.

    Raises:
        WireError: the broker cannot be reached, or its certificate is not to be trusted.
    """

    def __init__(self, login: Login, keep_alive: int) -> None:
        self.keep_alive = keep_alive  # seconds; 0 turns it off
        self._socket = _open(login)
        self._reader = mqtt5.Reader()
        self._unsent = bytearray()
        self._sent_at = self._heard_at = self._pinged_at = time.monotonic()
        self.write(
            mqtt5.connect(
                login.client_id,
                keep_alive=keep_alive,
                clean_start=login.session_seconds == 0,
                session_seconds=login.session_seconds,
                receive_maximum=login.receive_maximum,
                username=login.username,
                password=login.password,
            )
        )

    def write(self, packet: bytes) -> None:
        """Send with the next `exchange`."""
        self._unsent += packet

    def exchange(self, seconds: float) -> Iterator[mqtt5.Packet]:
        """Send what waits, then give the packets that come within `seconds`; returns as soon as there are some.

        Raises:
            WireError: the connection broke, or the broker is silent for too long.
            ProtocolError: what came is no MQTT.
        """
        self._stay_alive()
        self._send()
        if not self._pending():
            ready = self._await(select.POLLIN | (select.POLLOUT if self._unsent else 0), seconds)
            self._send()
            if not ready & ~select.POLLOUT:
                return
        data = self._receive()
        if data:
            self._heard_at = time.monotonic()
            yield from self._reader.feed(data)

    def finish(self, seconds: float) -> None:
        """Send what waits, for at most `seconds`.

        Raises:
            WireError: the connection broke.
        """
        deadline = time.monotonic() + seconds
        self._send()
        while self._unsent and (left := deadline - time.monotonic()) > 0:
            self._await(select.POLLOUT, left)
            self._send()

    def close(self) -> None:
        """Give the socket back."""
        self._socket.close()

    def _stay_alive(self) -> None:
        if not self.keep_alive:
            return
        now = time.monotonic()
        if now - self._heard_at > self.keep_alive * _GRACE:
            raise WireError(f"the broker is silent for {now - self._heard_at:.0f} s")
        if now - min(self._sent_at, self._heard_at) > self.keep_alive / 2 < now - self._pinged_at:
            self._pinged_at = now
            self.write(mqtt5.PINGREQ)

    def _send(self) -> None:
        try:
            while self._unsent:
                del self._unsent[: self._socket.send(self._unsent)]
                self._sent_at = time.monotonic()
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        except OSError as error:
            raise WireError(f"the connection broke: {error.strerror or error}") from None

    def _receive(self) -> bytes:
        try:
            data = self._socket.recv(_CHUNK)
        except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
            return b""
        except OSError as error:
            raise WireError(f"the connection broke: {error.strerror or error}") from None
        if not data:
            raise WireError("the connection broke")
        return data

    def _await(self, events: int, seconds: float) -> int:
        poll = select.poll()  # a service with a thousand connections has sockets with numbers too high for select()
        poll.register(self._socket, events)
        return sum(happened for _, happened in poll.poll(seconds * 1000))

    def _pending(self) -> bool:
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0


def _open(login: Login) -> socket.socket:
    try:
        plain = socket.create_connection((login.host, login.port), _CONNECT_SECONDS)
        try:
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            made = _encrypted(plain, login) if login.ca_file is not None else plain
            made.setblocking(False)
        except BaseException:
            plain.close()
            raise
    except (OSError, ValueError) as error:
        raise WireError(str(error)) from None
    return made


def _encrypted(plain: socket.socket, login: Login) -> ssl.SSLSocket:
    try:
        context = ssl.create_default_context(cafile=login.ca_file)
        if login.cert_file is not None:
            context.load_cert_chain(login.cert_file, login.key_file)
    except OSError as error:  # it names no file
        given = ", ".join(str(file) for file in (login.ca_file, login.cert_file, login.key_file) if file is not None)
        raise WireError(f"a certificate or key cannot be used ({given}): {error.strerror or error}") from None
    return context.wrap_socket(plain, server_hostname=login.host)

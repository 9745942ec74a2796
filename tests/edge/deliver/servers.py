"""Scripted servers that misbehave in one way each: what a real broker cannot be made to do on demand."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ, DISCONNECT = 1, 2, 3, 4, 8, 9, 12, 14


class Server:
    """Listens on a free port of loopback and runs a script on every connection, in a thread of its own."""

    def __init__(self, script: Callable[[Peer], None]) -> None:
        self.peers: list[Peer] = []
        self._script = script
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for peer in self.peers:
            peer.close()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            peer = Peer(sock)
            self.peers.append(peer)
            threading.Thread(target=self._run, args=(peer,), daemon=True).start()

    def _run(self, peer: Peer) -> None:
        try:
            self._script(peer)
        except (OSError, EOFError):
            return


class Peer:
    """One connection: whole packets in, whole packets out."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.packets: list[tuple[int, bytes]] = []

    def read(self) -> tuple[int, bytes]:
        """The next packet: its type and what follows the length."""
        kind = self._exactly(1)[0] >> 4
        length, shift = 0, 0
        while True:
            byte = self._exactly(1)[0]
            length |= (byte & 0x7F) << shift
            shift += 7
            if not byte & 0x80:
                break
        packet = kind, self._exactly(length)
        self.packets.append(packet)
        return packet

    def connack(self, *, session_present: bool = False, properties: bytes = b"") -> None:
        """Accept the connection."""
        self.send(CONNACK, bytes([session_present, 0, len(properties)]) + properties)

    def puback(self, publish: bytes, reason: int = 0) -> None:
        """Acknowledge a PUBLISH of QoS 1."""
        topic = int.from_bytes(publish[:2], "big")
        self.send(PUBACK, publish[2 + topic : 4 + topic] + bytes([reason, 0]))

    def send(self, kind: int, content: bytes) -> None:
        """Send a packet."""
        length, left = bytearray(), len(content)
        while left > 0x7F:
            length.append(left & 0x7F | 0x80)
            left >>= 7
        self._sock.sendall(bytes([kind << 4, *length, left]) + content)

    def raw(self, octets: bytes) -> None:
        """Send what is no packet."""
        self._sock.sendall(octets)

    def topics(self) -> list[str]:
        """The topics published so far."""
        bodies = [body for kind, body in self.packets if kind == PUBLISH]
        return [body[2 : 2 + int.from_bytes(body[:2], "big")].decode() for body in bodies]

    def close(self) -> None:
        """Hang up."""
        self._sock.close()

    def _exactly(self, number: int) -> bytes:
        found = b""
        while len(found) < number:
            more = self._sock.recv(number - len(found))
            if not more:
                raise EOFError
            found += more
        return found

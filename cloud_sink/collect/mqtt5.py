"""The part of MQTT 5 that a collector speaks, as bytes. Pure: no socket, no clock.

A collector connects, subscribes, takes messages of QoS 0 and 1, acknowledges them when they are stored, and publishes
receipts with QoS 1. That much of OASIS MQTT 5.0 (7 March 2019; section numbers below are its) costs a few microseconds
a message here; a general client costs seventy, more than everything else that happens to an event.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PINGREQ = b"\xc0\x00"
DISCONNECT = b"\xe0\x00"
LONGEST = 268_435_455
"""Bytes that a remaining length can tell (1.5.5)."""

KEPT = 1024 * 1024
"""Bytes that are kept of a longer message: enough to say whose it is and that it is too long."""

_CONNACK, _PUBLISH, _PUBACK, _SUBACK, _PINGRESP, _DISCONNECT = 2, 3, 4, 9, 13, 14
_USER_PROPERTY, _RECEIVE_MAXIMUM, _SERVER_KEEP_ALIVE = 0x26, 0x21, 0x13
_BYTES, _TEXT, _VARINT = -1, -2, -3
_SIZES = {
    0x01: 1, 0x02: 4, 0x03: _TEXT, 0x08: _TEXT, 0x09: _BYTES, 0x0B: _VARINT, 0x11: 4, 0x12: _TEXT, 0x13: 2,
    0x15: _TEXT, 0x16: _BYTES, 0x17: 1, 0x18: 4, 0x19: 1, 0x1A: _TEXT, 0x1C: _TEXT, 0x1F: _TEXT, 0x21: 2, 0x22: 2,
    0x23: 2, 0x24: 1, 0x25: 1, 0x27: 4, 0x28: 1, 0x29: 1, 0x2A: 1,
}  # fmt: skip
"""How long each property's value is (2.2.2.2), the user property apart."""


class ProtocolError(Exception):
    """The bytes are no MQTT 5: the connection has to be closed."""


@dataclass(frozen=True, slots=True)
class Connack:
    """The broker's answer to CONNECT."""

    code: int
    session_present: bool
    receive_maximum: int
    keep_alive: int | None  # seconds, where the broker wants another than ours


class Publish(NamedTuple):
    """A message; a tuple, since there is one for each, and a frozen dataclass takes three times as long to make."""

    topic: str
    payload: bytes
    qos: int
    mid: int  # 0 without QoS
    properties: bytes  # as they came, for `user_properties`
    cut: int  # bytes of the payload that were not kept


class Puback(NamedTuple):
    """Our message reached the broker, or was refused."""

    mid: int
    code: int


@dataclass(frozen=True, slots=True)
class Suback:
    """What was granted, a code for each filter."""

    mid: int
    codes: bytes


@dataclass(frozen=True, slots=True)
class Pingresp:
    """The broker lives."""


@dataclass(frozen=True, slots=True)
class Disconnect:
    """The broker closes the connection, and says why."""

    code: int


Packet = Connack | Publish | Puback | Suback | Pingresp | Disconnect


def connect(
    client_id: str,
    *,
    keep_alive: int,
    clean_start: bool,
    session_seconds: int,
    receive_maximum: int,
    username: str | None = None,
    password: str | None = None,
) -> bytes:
    """A CONNECT without a will (3.1)."""
    flags = 0x02 * clean_start | 0x80 * (username is not None) | 0x40 * (password is not None)
    properties = struct.pack(">BIBH", 0x11, session_seconds, _RECEIVE_MAXIMUM, receive_maximum)
    body = [_text("MQTT"), bytes((5, flags)), struct.pack(">H", keep_alive), _varint(len(properties)), properties]
    body += [_text(value) for value in (client_id, username, password) if value is not None]
    return _packet(0x10, b"".join(body))


def subscribe(mid: int, topics: Sequence[str]) -> bytes:
    """A SUBSCRIBE to some filters with QoS 1 at most (3.8)."""
    return _packet(0x82, struct.pack(">HB", mid, 0) + b"".join(_text(topic) + b"\x01" for topic in topics))


def publish(
    mid: int, topic: str, payload: bytes, *, retain: bool = False, named: Sequence[tuple[str, str]] = ()
) -> bytes:
    """A PUBLISH with QoS 1, with `named` as user properties and no others (3.3)."""
    properties = b"".join(b"\x26" + _text(name) + _text(value) for name, value in named)
    head = _text(topic) + struct.pack(">H", mid) + _varint(len(properties)) + properties
    return _packet(0x32 | retain, head + payload)


def puback(mid: int) -> bytes:
    """A PUBACK that says success (3.4)."""
    return struct.pack(">BBH", 0x40, 2, mid)


class Reader:
    """Takes a stream apart into packets, however it is cut."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._skipped = 0  # bytes still to come of a packet that was too long to keep

    def feed(self, data: bytes) -> Iterator[Packet]:
        """The packets that are whole now, or of which as much has come as is kept.

        Raises:
            ProtocolError: what follows is no packet that a broker sends to a collector.
        """
        buffer = self._buffer
        buffer += data[self._skipped :]
        self._skipped -= min(self._skipped, len(data))
        at = 0
        try:
            while (found := _length(buffer, at + 1)) is not None:
                length, start = found
                end = start + min(length, KEPT)
                if end > len(buffer):
                    break
                yield _read(buffer[at], bytes(buffer[start:end]), start + length - end)
                at = min(start + length, len(buffer))
                self._skipped = start + length - at
        except (IndexError, struct.error, UnicodeDecodeError) as error:
            raise ProtocolError(f"a broken packet: {error}") from None
        finally:
            del buffer[:at]


def user_properties(properties: bytes) -> dict[str, str]:
    """The user properties among a message's properties; of doubled names the last.

    Raises:
        ProtocolError: they are no properties.
    """
    found: dict[str, str] = {}
    try:
        for name, value in _properties(properties):
            if name == _USER_PROPERTY:
                key, at = _take_text(value, 0)
                found[key] = _take_text(value, at)[0]
    except (IndexError, struct.error, UnicodeDecodeError) as error:
        raise ProtocolError(f"broken properties: {error}") from None
    return found


def _read(head: int, body: bytes, cut: int) -> Packet:
    kind = head >> 4
    if kind == _PUBLISH:
        return _read_publish(head, body, cut)
    if kind == _PUBACK:
        return Puback(int.from_bytes(body[:2], "big"), body[2] if len(body) > 2 else 0)  # noqa: PLR2004 - 3.4.2.1
    if kind == _PINGRESP:
        return Pingresp()
    if kind == _SUBACK:
        length, at = _whole(_length(body, 2))
        return Suback(int.from_bytes(body[:2], "big"), body[at + length :])
    if kind == _CONNACK:
        return _read_connack(body)
    if kind == _DISCONNECT:
        return Disconnect(body[0] if body else 0)
    raise ProtocolError(f"packet type {kind} comes from no broker here")


def _read_publish(head: int, body: bytes, cut: int) -> Publish:
    qos = head >> 1 & 3
    if qos > 1:
        raise ProtocolError(f"QoS {qos} was not asked for")
    end = 2 + (body[0] << 8 | body[1])
    topic = body[2:end].decode()
    mid = 0
    if qos:
        mid = body[end] << 8 | body[end + 1]
        end += 2
    length, start = _whole(_length(body, end))
    if start + length > len(body) + cut:
        raise ProtocolError("a message's properties are cut short")
    return Publish(topic, body[start + length :], qos, mid, body[start : start + length], cut)


def _read_connack(body: bytes) -> Connack:
    length, at = _whole(_length(body, 2))
    receive_maximum, keep_alive = 65_535, None
    for name, value in _properties(body[at : at + length]):
        if name == _RECEIVE_MAXIMUM:
            receive_maximum = int.from_bytes(value, "big")
        elif name == _SERVER_KEEP_ALIVE:
            keep_alive = int.from_bytes(value, "big")
    if receive_maximum == 0:
        raise ProtocolError("a receive maximum of 0")
    return Connack(body[1], bool(body[0] & 1), receive_maximum, keep_alive)


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at < len(data):
        name = data[at]
        start = at + 1
        if name == _USER_PROPERTY:
            middle = start + 2 + (data[start] << 8 | data[start + 1])
            at = middle + 2 + (data[middle] << 8 | data[middle + 1])
        elif name not in _SIZES:
            raise ProtocolError(f"there is no property {name}")
        elif (size := _SIZES[name]) > 0:
            at = start + size
        elif size == _VARINT:
            at = _whole(_length(data, start))[1]
        else:
            at = start + 2 + (data[start] << 8 | data[start + 1])
        if at > len(data):
            raise ProtocolError("a property is cut short")
        yield name, data[start:at]


def _take_text(data: bytes, at: int) -> tuple[str, int]:
    start = at + 2
    end = start + (data[at] << 8 | data[at + 1])
    return data[start:end].decode(), end


def _length(data: bytes | bytearray, at: int) -> tuple[int, int] | None:
    """A variable byte integer (1.5.5) and the place behind it; None when more bytes have to come."""
    value = shift = 0
    for place in range(at, min(at + 4, len(data))):
        byte = data[place]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the highest bit says that more follow
            return value, place + 1
        shift += 7
    if len(data) >= at + 4:
        raise ProtocolError("a length of more than four bytes")
    return None


def _whole(found: tuple[int, int] | None) -> tuple[int, int]:
    if found is None:
        raise ProtocolError("a packet is cut short")
    return found


def _packet(head: int, body: bytes) -> bytes:
    return bytes((head,)) + _varint(len(body)) + body


def _varint(value: int) -> bytes:
    if not 0 <= value <= LONGEST:
        raise ValueError(f"{value} bytes are more than a packet may have")
    parts = bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        if not value:
            parts.append(byte)
            return bytes(parts)
        parts.append(byte | 0x80)


def _text(value: str) -> bytes:
    data = value.encode()
    return struct.pack(">H", len(data)) + data

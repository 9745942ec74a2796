"""A client that writes MQTT 5 as it likes: whatever the broker lets through, the stream behind it goes on."""

from __future__ import annotations

import socket
import struct
from contextlib import suppress
from typing import TYPE_CHECKING

from cloud_sink.collect import mqtt5
from edge.contract.topics import Address
from tests.brokers import Mosquitto
from tests.cloud_sink.conftest import CONFIG, SinkProcess
from tests.cloud_sink.raw_device import RawDevice
from tests.cloud_sink.words import body, rejected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVIL = Address("acme", "s1", "evil")
TOPIC = b"facings/v1/acme/s1/evil/events"
EVENT = body(rejected(1, device=EVIL))
RETAIN, QOS_1, QOS_2, QOS_3 = 0x31, 0x32, 0x34, 0x36


def publish(topic: bytes, payload: bytes, *, properties: bytes = b"", head: int = QOS_1) -> bytes:
    number = struct.pack(">H", 7) if head & 0x06 else b""
    variable = struct.pack(">H", len(topic)) + topic + number + length(properties) + properties
    return bytes((head,)) + length(variable + payload) + variable + payload


def length(content: bytes) -> bytes:
    value, parts = len(content), bytearray()
    while True:
        value, byte = value >> 7, value & 0x7F
        parts.append(byte | (0x80 if value else 0))
        if not value:
            return bytes(parts)


def user_property(name: bytes, value: bytes) -> bytes:
    return b"\x26" + struct.pack(">H", len(name)) + name + struct.pack(">H", len(value)) + value


def packets() -> Iterator[bytes]:
    """What no device writes."""
    yield publish(b"facings/v1/acme/s1/\xff\xfe/events", EVENT)  # no UTF-8
    yield publish(b"facings/v1/acme/s1/a\x00b/events", EVENT)
    yield publish(TOPIC, EVENT, properties=user_property(b"epoch", b"\xff\xfe"))
    yield publish(TOPIC, EVENT, properties=user_property(b"k", b"v" * 200) * 300)
    yield publish(TOPIC, b"x", properties=user_property(b"k", b"v" * 65_000) * 4)  # longer than an event may be
    yield publish(b"", EVENT, properties=b"\x23\x00\x01")  # an alias that stands for nothing
    yield publish(TOPIC, EVENT, properties=b"\x23\x00\x01") + publish(b"", EVENT, properties=b"\x23\x00\x01")
    yield publish(TOPIC, b"\xff", properties=b"\x01\x01")  # text, it says
    yield publish(TOPIC, EVENT, properties=b"\x02\x00\x00\x00\x00")  # over at once
    yield publish(TOPIC, EVENT, properties=b"\x0b\x05")  # a subscription's, which only brokers give
    yield publish(TOPIC, EVENT, head=RETAIN)
    yield publish(TOPIC, EVENT, head=QOS_2)
    yield publish(TOPIC, EVENT, head=QOS_3)
    yield publish(TOPIC, b"")
    yield publish(b"facings/v1/acme/s1/evil/state", b"\x00" * 5000, head=RETAIN)
    yield publish(b"facings/v1/acme/s1/evil/state", b'{"state": "born", "connection": "\\ud800"}')
    yield publish(b"facings/v1/acme/s1/evil/replies", b'{"id": "\\u0000", "ok": true, "result": {}}')
    yield publish(TOPIC, EVENT.replace(b'"c1"', b'"c\\u0000"'))
    yield publish(TOPIC, b'{"a":' * 20_000 + b"1" + b"}" * 20_000)
    yield publish(TOPIC, EVENT.replace(b'"up": 1', b'"up": 1e999'))


def send(port: int, packet: bytes) -> None:
    """Send it on a connection of its own; the broker may close it."""
    with socket.create_connection(("127.0.0.1", port), 10) as sock, suppress(OSError):
        hello = mqtt5.connect(
            "evil", keep_alive=30, clean_start=True, session_seconds=0, receive_maximum=10, username=None, password=None
        )
        sock.sendall(hello)
        sock.recv(100)  # the answer to CONNECT
        sock.sendall(packet + b"\xc0\x00")  # and a PINGREQ, of which the answer says that the packet was read
        sock.settimeout(2)  # some brokers close without a word, others say nothing more
        heard = b""
        while b"\xd0\x00" not in heard and (more := sock.recv(100)):
            heard += more


def goes_on(sink: SinkProcess, port: int) -> None:
    for packet in packets():
        send(port, packet)
    with RawDevice(port, "good") as device:
        device.send(body(rejected(1, device=device.address)))
        assert device.receipt(40)["ranges"] == [[1, 1]]
    assert (sink.folder / "log").read_text().count('"broker.connected"') == 1


def test_the_embedded_broker_s_stream_goes_on(tmp_path: Path) -> None:
    sink = SinkProcess(tmp_path / "sink")
    sink.start()
    goes_on(sink, sink.broker_port)
    assert sink.stop() == 0


def test_a_mosquitto_s_stream_goes_on(tmp_path: Path) -> None:
    with Mosquitto(tmp_path / "broker") as broker:
        config = f"broker: {{kind: external, host: 127.0.0.1, port: {broker.port}}}\n{CONFIG}"
        sink = SinkProcess(tmp_path / "sink", arguments=(), command="collect", config=config)
        sink.start(wait=False)
        sink.until(lambda: "collecting from" in (sink.folder / "log").read_text(), "it does not collect")
        goes_on(sink, broker.port)
        assert sink.stop() == 0

"""The collector's connection against a real broker with TLS, and against servers that misbehave."""

from __future__ import annotations

import os
import resource
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from structlog.testing import capture_logs

from cloud_sink.collect import wire
from cloud_sink.collect.link import Link
from cloud_sink.collect.wire import Login
from edge.contract.errors import DeliveryError
from edge.contract.topics import Address, Channel
from tests.brokers import Mosquitto
from tests.certificates import certificates
from tests.cloud_sink.raw_device import RawDevice
from tests.edge.deliver.servers import CONNECT, DISCONNECT, PINGREQ, PUBLISH, SUBACK, SUBSCRIBE, Peer, Server

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 15.0
DEVICE = Address("acme", "s1", "d1")


def turn_until(link: Link, done: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not done():
        assert time.monotonic() < deadline
        link.turn(0.05)


def test_what_does_not_fit_into_the_window_waits_its_turn(tmp_path: Path) -> None:
    # The broker takes one message at a time; the device still hears all of them, in order.
    with Mosquitto(tmp_path, settings="max_inflight_messages 1") as broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c"))
        turn_until(link, lambda: link.subscribed)
        for number in range(50):
            assert link.publish(DEVICE, Channel.RECEIPTS, b'{"number": %d}' % number)
        turn_until(link, lambda: device.receipts.qsize() == 50)
        assert [device.receipt()["number"] for _ in range(50)] == list(range(50))
        link.close()


def test_tls_shows_a_certificate_and_checks_the_brokers(tmp_path: Path) -> None:
    certificates(tmp_path)
    lines = f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.key\n"
    files = {name: tmp_path / name for name in ("ca.pem", "device.pem", "device.key")}
    with Mosquitto(tmp_path / "broker", settings=lines + "require_certificate true") as broker:
        shown = Login(
            "localhost",
            broker.port,
            "c",
            ca_file=files["ca.pem"],
            cert_file=files["device.pem"],
            key_file=files["device.key"],
        )
        link = Link(shown)
        turn_until(link, lambda: link.subscribed)
        link.publish(DEVICE, Channel.EVENTS, b"x" * 200_000)
        turn_until(link, lambda: link.waiting)
        arrived = link.next()
        assert arrived is not None
        assert arrived.payload == b"x" * 200_000
        link.close()
        # Its name is not the certificate's.
        with pytest.raises(wire.WireError, match="certificate verify failed"):
            wire.Wire(replace(shown, host="127.0.0.1"), 30)


def test_a_silent_connection_is_asked_and_then_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_sink.collect.link.KEEPALIVE", 1)

    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        while True:
            peer.read()  # nothing is answered any more

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))
        turn_until(link, lambda: len(server.peers) == 2)
        assert PINGREQ in [kind for kind, _ in server.peers[0].packets]


def test_a_keep_alive_of_the_brokers_own_holds() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(properties=b"\x13\x00\x01")
        while True:
            if peer.read()[0] == PINGREQ:
                peer.send(13, b"")

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))

        def pings() -> int:
            return sum(kind == PINGREQ for peer in server.peers for kind, _ in peer.packets)

        turn_until(link, lambda: pings() >= 2)
        assert len(server.peers) == 1


def test_a_broken_packet_costs_the_connection_and_not_the_link() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        if len(server.peers) == 1:
            peer.send(PUBLISH, b"\x00\x50 topic longer than its packet")
        while True:
            kind, body = peer.read()
            if kind == SUBSCRIBE:
                peer.send(SUBACK, body[:2] + b"\x00\x01")

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))
        turn_until(link, lambda: len(server.peers) == 2 and link.subscribed)


def test_messages_without_qos_are_left_out_once_many_wait_and_others_never(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c", receive_maximum=20))
        turn_until(link, lambda: link.subscribed)
        for number in range(50):
            device._client.publish(DEVICE.topic(Channel.EVENTS), b"%d" % number, qos=0)
        device.send(b"promised")
        payloads: list[bytes] = []
        turn_until(link, lambda: link._inbox and link._inbox[-1].payload == b"promised")
        while (message := link.next()) is not None:
            payloads.append(message.payload)
        assert payloads == [*(b"%d" % number for number in range(20)), b"promised"]
        link.close()


def test_what_waits_of_a_connection_that_broke_is_bounded(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c", session_seconds=60, receive_maximum=5))
        turn_until(link, lambda: link.subscribed)
        for number in range(5):
            device.send(b"%d" % number)
        for _ in range(4):  # each time the broker sends all five again
            turn_until(link, lambda: len(link._inbox) >= 5 and link._inbox[-1].connection == link._connection)
            link._lost("cut by the test")
            turn_until(link, lambda: link.subscribed)
        turn_until(link, lambda: link._inbox[-1].connection == link._connection)
        assert len(link._inbox) <= 10
        link.close()


def test_user_properties_that_are_none_cost_the_claim_and_not_the_connection() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        topic = DEVICE.topic(Channel.EVENTS).encode()
        peer.send(PUBLISH, len(topic).to_bytes(2, "big") + topic + b"\x06\x26\x00\x01\xff\x00\x00" + b"{}")
        peer.read()

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))
        turn_until(link, lambda: link.waiting)
        message = link.next()
        assert message is not None
        assert (message.payload, message.claimed) == (b"{}", None)
        assert len(server.peers) == 1


def test_receipts_that_the_broker_refuses_are_told_once() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        while True:
            kind, content = peer.read()
            if kind == PUBLISH:
                peer.puback(content, 0x87)

    with Server(script) as server, capture_logs() as logs:
        link = Link(Login("127.0.0.1", server.port, "c"))
        turn_until(link, lambda: link._open)
        for _ in range(3):
            link.publish(DEVICE, Channel.RECEIPTS, b"{}")
        turn_until(link, lambda: not link._outgoing._waiting and not link._outgoing._under_way)
        assert [line["code"] for line in logs if line["event"] == "broker.refused_receipt"] == ["0x87"]


def test_a_socket_with_a_high_number_is_awaited_like_any_other(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 4096), hard))
    with Mosquitto(tmp_path) as broker, ExitStack() as others:
        for _ in range(1100):
            others.enter_context(Path(os.devnull).open())
        link = Link(Login("127.0.0.1", broker.port, "c"))
        turn_until(link, lambda: link.subscribed)
        link.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_who_is_pushed_out_by_another_of_its_name_ends() -> None:
    def script(peer: Peer) -> None:
        assert peer.read()[0] == CONNECT
        peer.connack()
        peer.send(DISCONNECT, b"\x8e\x00")
        peer.read()

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))
        with pytest.raises(DeliveryError, match="another collector uses the client id c"):
            turn_until(link, lambda: False)


def test_an_acknowledgement_dies_with_its_connection(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with broker, RawDevice(broker.port, "d1") as device:
        link = Link(Login("127.0.0.1", broker.port, "c", session_seconds=60))
        turn_until(link, lambda: link.subscribed)
        device.send(b"{}")
        turn_until(link, lambda: link.waiting)
        first = link.next()
        assert first is not None
        link._lost("cut by the test")
        turn_until(link, lambda: link.subscribed)
        link.ack(first)  # of the connection before: not sent
        turn_until(link, lambda: link.waiting)
        again = link.next()
        assert again is not None
        assert (again.payload, again.connection) == (first.payload, first.connection + 1)
        link.close()


def test_receipts_nobody_takes_are_refused_when_they_are_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_sink.collect.link._MOST_WAITING", 3)

    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(properties=b"\x21\x00\x01")  # one at a time, and never acknowledged
        while True:
            peer.read()

    with Server(script) as server:
        link = Link(Login("127.0.0.1", server.port, "c"))
        assert not link.publish(DEVICE, Channel.RECEIPTS, b"{}")  # nobody is there yet
        turn_until(link, lambda: link._open)
        assert [link.publish(DEVICE, Channel.RECEIPTS, b"{}") for _ in range(4)] == [True, True, True, False]

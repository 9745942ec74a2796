from __future__ import annotations

import queue
import socket
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edge.contract.errors import DeliveryError
from edge.contract.topics import Channel
from edge.deliver.link import Link
from edge.deliver.notices import Acknowledged, Arrived, Down, Notice, Parcel, Rejected, Up
from edge.deliver.settings import BrokerSettings, LinkTimes, TlsSettings
from tests.brokers import Mosquitto
from tests.certificates import certificates
from tests.edge.deliver.goods import ADDRESS, BOOT
from tests.edge.deliver.servers import DISCONNECT, PUBLISH, SUBSCRIBE, Peer, Server
from tests.edge.deliver.station import PATIENCE, QUICK, Station, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EPOCH = "e" * 32


class Desk:
    """The delivery's end of a link."""

    def __init__(self, settings: BrokerSettings, times: LinkTimes = QUICK) -> None:
        self.inbox: queue.SimpleQueue[Notice] = queue.SimpleQueue()
        self.link = Link(
            settings=settings, address=ADDRESS, boot=BOOT, epoch=lambda: EPOCH, inbox=self.inbox, times=times
        )

    def up(self) -> Up:
        while not isinstance(notice := self.inbox.get(timeout=PATIENCE), Up):
            pass
        return notice

    def down(self) -> Down:
        while not isinstance(notice := self.inbox.get(timeout=PATIENCE), Down):
            pass
        return notice

    def answer(self) -> Notice:
        """The next notice about a message, the link's own words left out."""
        while True:
            notice = self.inbox.get(timeout=PATIENCE)
            if isinstance(notice, Arrived | Down) or (isinstance(notice, Acknowledged | Rejected) and notice.token):
                return notice

    def send(self, up: Up, token: int = 1, body: bytes = b"{}") -> None:
        self.link.send(Parcel(token, up.connection, Channel.EVENTS, body))


@contextmanager
def linked(settings: BrokerSettings, times: LinkTimes = QUICK) -> Iterator[Desk]:
    desk = Desk(settings, times)
    desk.link.start()
    try:
        yield desk
    finally:
        assert desk.link.stop(PATIENCE), "the link did not end"


def at(server: Server) -> BrokerSettings:
    return BrokerSettings("127.0.0.1", server.port)


def test_the_broker_acknowledges_and_a_collector_hears(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Station(broker.port) as station, linked(broker.broker()) as desk:
        desk.link.send(Parcel(7, desk.up().connection, Channel.EVENTS, b'{"a": 1}', properties=(("epoch", EPOCH),)))
        assert desk.answer() == Acknowledged(7)
        wait_for(lambda: station.on(Channel.EVENTS))
        [heard] = station.on(Channel.EVENTS)
        assert (heard.body, heard.properties) == (b'{"a": 1}', {"epoch": EPOCH})


def test_receipts_commands_and_the_retained_config_arrive(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Station(broker.port) as station:
        station._client.publish(ADDRESS.topic(Channel.CONFIG), b"{}", 1, retain=True).wait_for_publish(PATIENCE)
        with linked(broker.broker()) as desk:
            desk.up()
            assert desk.answer() == Arrived(Channel.CONFIG, b"{}")
            station.say(Channel.RECEIPTS, {"n": 1})
            assert desk.answer() == Arrived(Channel.RECEIPTS, b'{"n": 1}')
            station.say(Channel.COMMANDS, {"n": 2})
            assert desk.answer() == Arrived(Channel.COMMANDS, b'{"n": 2}')


def test_state_says_born_and_offline_with_one_connection_id(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Station(broker.port) as station:
        with linked(broker.broker()) as desk:
            connection = desk.up().connection
        wait_for(lambda: len(station.on(Channel.STATE)) == 2)
        words = [one.content for one in station.on(Channel.STATE)]
        assert [(word["state"], word["connection"]) for word in words] == [
            ("born", connection),
            ("offline", connection),
        ]
        assert {(word["epoch"], word["boot"]) for word in words} == {(EPOCH, BOOT)}
        with Station(broker.port) as later:  # retained
            wait_for(lambda: later.on(Channel.STATE))
            assert later.on(Channel.STATE)[0].content["state"] == "offline"


LOST = """
import sys, time
from tests.edge.deliver.test_link import QUICK, BrokerSettings, linked, replace
with linked(BrokerSettings("127.0.0.1", int(sys.argv[1])), replace(QUICK, will_delay=1)) as desk:
    print(desk.up().connection, flush=True)
    time.sleep(60)
"""


def test_a_killed_device_is_told_lost_by_its_will(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Station(broker.port) as station:
        command = [sys.executable, "-c", LOST, str(broker.port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as device:
            assert device.stdout is not None
            connection = device.stdout.readline().strip()
            wait_for(lambda: station.on(Channel.STATE))
            device.kill()
        wait_for(lambda: len(station.on(Channel.STATE)) == 2)
        words = [(one.content["state"], one.content["connection"]) for one in station.on(Channel.STATE)]
        assert words == [("born", connection), ("lost", connection)]


def test_why_a_broker_hangs_up_is_told() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(session_present=True)
        peer.send(DISCONNECT, bytes([0x8E, 0]))
        peer.read()

    with Server(script) as server, linked(at(server)) as desk:
        assert desk.down().reason == "broker: Session taken over"


def test_a_publish_the_acl_refuses_is_told_by_its_reason_code(tmp_path: Path) -> None:
    rules = f"user dev\ntopic readwrite {ADDRESS.topic(Channel.STATE)}\ntopic read {ADDRESS.topic(Channel.RECEIPTS)}\n"
    with (
        Mosquitto(tmp_path, users={"dev": "secret"}, acl=rules) as broker,
        linked(broker.broker(username="dev")) as desk,
    ):
        desk.send(desk.up())
        assert desk.answer() == Rejected(1, "Not authorized")


def test_a_wrong_password_is_told_and_tried_again(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, users={"dev": "secret"}) as broker:
        wrong = BrokerSettings("127.0.0.1", broker.port, username="dev", password="guess")
        with linked(wrong) as desk:
            assert desk.down().reason == desk.down().reason == "refused by the broker: Not authorized"
    assert "guess" not in repr(wrong)


def test_what_was_not_sent_dies_with_its_connection(tmp_path: Path) -> None:
    # paho alone would keep such messages in memory and publish them after the reconnect.
    with Mosquitto(tmp_path) as broker, linked(broker.broker()) as desk:
        first = desk.up()
        broker.kill()
        desk.down()
        desk.send(first, token=1)
        broker.start()
        with Station(broker.port) as station:
            desk.send(desk.up(), token=2, body=b'"second"')
            assert desk.answer() == Acknowledged(2)
            wait_for(lambda: station.on(Channel.EVENTS))
            assert [one.body for one in station.on(Channel.EVENTS)] == [b'"second"']


def test_a_late_acknowledgement_of_an_old_connection_means_nothing() -> None:
    # mids start anew with a connection: the PUBACK of the first must not settle a message of the second.
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        while True:
            kind, body = peer.read()
            if kind == SUBSCRIBE:
                peer.send(9, body[:2] + bytes([0, 1, 1, 1]))
            elif kind == PUBLISH and b"/events" in body and len(server.peers) == 1:
                peer.close()  # taken, never acknowledged
            elif kind == PUBLISH and b"/events" in body:
                peer.puback(body)

    with Server(script) as server, linked(at(server)) as desk:
        desk.send(desk.up(), token=1)
        desk.down()
        desk.send(desk.up(), token=2)
        assert desk.answer() == Acknowledged(2)
        assert desk.inbox.empty()


def test_a_broker_that_accepts_and_says_nothing_is_left() -> None:
    def script(peer: Peer) -> None:
        while True:
            peer.read()

    with Server(script) as server, linked(at(server), replace(QUICK, connack=0.3)) as desk:
        assert desk.down().reason == "no CONNACK within 0.3 s"
        wait_for(lambda: len(server.peers) >= 2)


def test_a_broker_that_falls_silent_is_noticed_and_holds_nobody_up() -> None:
    silent = []

    def script(peer: Peer) -> None:
        peer.read()
        peer.connack()
        while True:
            kind, body = peer.read()
            if kind == SUBSCRIBE:
                peer.send(9, body[:2] + bytes([0, 1, 1, 1]))
            elif kind == PUBLISH and b"/state" in body:
                peer.puback(body)
            elif kind == PUBLISH:
                silent.append(peer)  # from here on it reads and answers nothing

    with Server(script) as server, linked(at(server), replace(QUICK, keepalive=1)) as desk:
        desk.send(desk.up())
        assert isinstance(desk.answer(), Down)
        assert len(silent) == 1


def test_stopping_does_not_wait_for_a_silent_broker() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(session_present=True)
        while True:
            peer.read()

    with Server(script) as server:
        desk = Desk(at(server), replace(QUICK, farewell=0.2))
        desk.link.start()
        desk.send(desk.up())
        assert desk.link.stop(PATIENCE)
        wait_for(lambda: DISCONNECT in [kind for kind, _ in server.peers[0].packets])


@pytest.mark.parametrize("session_present", [True, False])
def test_no_suback_is_waited_for_in_vain(*, session_present: bool) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(session_present=session_present)
        while True:
            kind, body = peer.read()
            if kind == PUBLISH:
                peer.puback(body)

    # With a resumed session the answer may never come; else it may be withheld, and the link goes on after a while.
    with Server(script) as server, linked(at(server), replace(QUICK, suback=60 if session_present else 0.2)) as desk:
        desk.send(desk.up())
        assert desk.answer() == Acknowledged(1)


def test_a_message_larger_than_the_broker_takes_is_not_sent(tmp_path: Path) -> None:
    with Mosquitto(tmp_path, settings="max_packet_size 20000") as broker, linked(broker.broker()) as desk:
        up = desk.up()
        assert up.most_octets == 20000 - 1024
        desk.send(up, token=1, body=b"x" * 19_500)
        assert isinstance(desk.answer(), Rejected)
        desk.send(up, token=2, body=b"x" * 18_000)
        assert desk.answer() == Acknowledged(2, heard=False)


def test_the_brokers_receive_maximum_is_kept() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(session_present=True, properties=bytes([0x21, 0, 3]))
        while True:
            peer.read()

    with Server(script) as server, linked(at(server), replace(QUICK, farewell=0.1)) as desk:
        up = desk.up()
        for token in range(1, 10):
            desk.send(up, token=token)
        wait_for(lambda: len(server.peers[0].topics()) == 3)
        assert server.peers[0].topics().count(ADDRESS.topic(Channel.EVENTS)) == 2  # and one word on `state`


def test_a_broken_packet_costs_the_connection_and_not_the_link() -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.connack(session_present=True)
        if len(server.peers) == 1:
            peer.send(PUBLISH, b"\x00\x50 topic longer than its packet")
        while True:
            peer.read()

    with Server(script) as server, linked(at(server), replace(QUICK, farewell=0.1)) as desk:
        first = desk.up()
        assert desk.down().connection == first.connection
        assert desk.up().connection != first.connection


def test_a_message_for_somebody_else_is_not_ours(tmp_path: Path) -> None:
    with Mosquitto(tmp_path) as broker, Station(broker.port) as station, linked(broker.broker()) as desk:
        desk.up()
        station._client.publish("facings/v1/acme/store-1/dev-2/receipts", b"{}", 1)
        station.say(Channel.RECEIPTS, {})
        assert desk.answer() == Arrived(Channel.RECEIPTS, b"{}")


def test_tls_checks_the_broker_and_shows_the_devices_certificate(tmp_path: Path) -> None:
    certificates(tmp_path)
    lines = f"cafile {tmp_path}/ca.pem\ncertfile {tmp_path}/broker.pem\nkeyfile {tmp_path}/broker.key\n"
    with Mosquitto(tmp_path / "broker", settings=lines + "require_certificate true") as broker:
        tls = TlsSettings(tmp_path / "ca.pem", tmp_path / "device.pem", tmp_path / "device.key")
        with linked(BrokerSettings("localhost", broker.port, tls)) as desk:
            desk.send(desk.up(), body=b"x" * 200_000)
            assert desk.answer() == Acknowledged(1, heard=False)
        with linked(BrokerSettings("localhost", broker.port, TlsSettings())) as desk:  # an unknown authority
            assert "certificate verify failed" in desk.down().reason


def test_tls_files_that_are_missing_are_named() -> None:
    from pathlib import Path  # noqa: PLC0415 - only this test needs it at run time

    settings = BrokerSettings("localhost", 1, TlsSettings(ca=Path("/nowhere/ca.pem")))
    with pytest.raises(DeliveryError, match=r"/nowhere/ca.pem"):
        Desk(settings)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        (lambda: BrokerSettings("h", 1883, password="p"), "no user name"),
        (lambda: BrokerSettings("h", 0), "port 0"),
        (lambda: TlsSettings(key=__file__), "one of certificate and key"),  # type: ignore[arg-type]
    ],
)
def test_contradictory_settings_are_refused(broken: type, why: str) -> None:
    with pytest.raises(DeliveryError, match=why):
        broken()


def test_a_port_nobody_listens_on_is_tried_again(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    with linked(broker.broker()) as desk:
        assert "refused" in desk.down().reason
        with broker:
            assert desk.up().connection
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", broker.port)) != 0

"""Brokers that misbehave in one way each, with the whole delivery before them: nothing is lost and nothing grows."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from edge.contract.topics import Channel
from edge.deliver.delivery import MOST_UNACKNOWLEDGED, Delivery
from edge.deliver.settings import BrokerSettings
from tests.edge.deliver.goods import ADDRESS, BOOT, SOON, STAMP, draft, open_outbox
from tests.edge.deliver.servers import CONNECT, PUBLISH, SUBSCRIBE, Peer, Server
from tests.edge.deliver.station import QUICK, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with open_outbox(tmp_path / "outbox.db", timing=SOON) as opened:
        yield opened


@contextmanager
def delivering(outbox: Outbox, server: Server, **times: float) -> Iterator[Delivery]:
    changed = replace(QUICK, farewell=0.1, **times)  # type: ignore[arg-type]  # all of these are seconds
    delivery = Delivery(outbox, broker=BrokerSettings("127.0.0.1", server.port), boot=BOOT, times=changed)
    delivery.start()
    try:
        yield delivery
    finally:
        delivery.stop(0.0)


def welcome(peer: Peer) -> None:
    """Take the connection and its subscriptions, and the word on `state`."""
    assert peer.read()[0] == CONNECT
    peer.connack()
    seen: set[int] = set()
    while seen != {PUBLISH, SUBSCRIBE}:
        kind, body = peer.read()
        seen.add(kind)
        if kind == SUBSCRIBE:
            peer.send(9, body[:2] + bytes([0, 1, 1, 1]))
        else:
            peer.puback(body)


def events_in(publish: bytes) -> list[dict[str, object]]:
    """The events of a PUBLISH packet."""
    start = min(at for at in (publish.find(b'{"specversion'), publish.find(b"[{")) if at >= 0)
    content = json.loads(publish[start:])
    return content if isinstance(content, list) else [content]


def receipt(peer: Peer, body: dict[str, object]) -> None:
    """Publish to the device, at QoS 0."""
    topic = ADDRESS.topic(Channel.RECEIPTS).encode()
    peer.send(PUBLISH, len(topic).to_bytes(2, "big") + topic + b"\x00" + json.dumps(body).encode())


def honest(peer: Peer) -> None:
    """Acknowledge and receipt everything."""
    welcome(peer)
    while True:
        kind, body = peer.read()
        if kind != PUBLISH:
            continue
        peer.puback(body)
        if ADDRESS.topic(Channel.EVENTS).encode() in body:
            for event in events_in(body):
                receipt(peer, {"epoch": event["epoch"], "ranges": [[event["seq"], event["seq"]]]})


def first_then(bad: Callable[[Peer], None], connections: int = 2) -> tuple[Callable[[Peer], None], list[Server]]:
    """A broker that misbehaves on its first connections and is honest afterwards."""
    servers: list[Server] = []

    def script(peer: Peer) -> None:
        if servers[0].peers.index(peer) < connections:
            bad(peer)
        else:
            honest(peer)

    return script, servers


def silent(peer: Peer) -> None:
    while True:
        peer.read()


def deaf(peer: Peer) -> None:
    """Subscriptions and `state` are answered, events are taken and never acknowledged."""
    welcome(peer)
    silent(peer)


def hanging_up(peer: Peer) -> None:
    """Close right after a publish."""
    welcome(peer)
    while peer.read()[0] != PUBLISH:
        pass
    peer.close()


def babbling(peer: Peer) -> None:
    welcome(peer)
    peer.raw(bytes(range(256)) * 20)
    silent(peer)


def boasting(peer: Peer) -> None:
    """Begin a packet of 200 MB and keep sending it."""
    welcome(peer)
    peer.raw(bytes([PUBLISH << 4, 0x80, 0x80, 0x80, 0x64]))
    for _ in range(200):
        peer.raw(b"x" * 1_000_000)


def acknowledging_strangers(peer: Peer) -> None:
    """PUBACK numbers that were never used, and receipts for events that never were."""
    welcome(peer)
    for number in range(200, 230):
        peer.send(4, number.to_bytes(2, "big"))
    receipt(peer, {"epoch": "f" * 32, "ranges": [[1, 9_000_000_000]]})
    kind, body = peer.read()
    while kind != PUBLISH:
        kind, body = peer.read()
    receipt(peer, {"epoch": events_in(body)[0]["epoch"], "ranges": [[50, 9_000_000_000]], "conflicts": [77]})
    peer.close()


@pytest.mark.parametrize(
    "bad", [silent, deaf, hanging_up, babbling, boasting, acknowledging_strangers], ids=lambda bad: bad.__name__
)
def test_a_broker_that_misbehaves_is_left_and_all_arrives_once_it_behaves(
    outbox: Outbox, bad: Callable[[Peer], None]
) -> None:
    script, servers = first_then(bad)
    with Server(script) as server:
        servers.append(server)
        outbox.append([draft(seconds_open=float(number)) for number in range(5)], stamp=STAMP)
        with delivering(outbox, server, connack=0.5, puback=0.5) as delivery:
            wait_for(lambda: outbox.depth == 0, "not everything is receipted")
            assert delivery.status.running
        assert len(server.peers) == 3
        assert outbox.count() == {"waiting": 0, "receipted": 5, "refused": 0}


def test_a_broker_that_hangs_up_after_each_publish_is_not_stormed(outbox: Outbox) -> None:
    with Server(hanging_up) as server:
        outbox.append([draft()], stamp=STAMP)
        with delivering(outbox, server, backoff_first=0.2, backoff_longest=2.0):
            time.sleep(3.0)
            assert 2 <= len(server.peers) <= 8
        assert outbox.depth == 1


def test_repeats_for_a_broker_that_acknowledges_nothing_do_not_pile_up(outbox: Outbox) -> None:
    with Server(deaf) as server:
        for number in range(60):
            outbox.append([draft(seconds_open=float(number))], stamp=STAMP)
        with delivering(outbox, server, puback=60.0) as delivery:
            wait_for(lambda: len(delivery._unacknowledged) >= MOST_UNACKNOWLEDGED, "no repeats are sent")
            time.sleep(1.0)
            assert len(delivery._unacknowledged) <= MOST_UNACKNOWLEDGED + 100
            assert len(delivery._link._outbound) <= MOST_UNACKNOWLEDGED + 100
        assert outbox.depth == 60

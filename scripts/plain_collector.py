"""The collector one writes first: paho, pydantic, a row per event and a row per facing. What ours is measured against.

It deduplicates by a primary key, commits a batch at a time with a full sync, then acknowledges and receipts. It keeps
no ledger, no roll-ups, no quarantine and dates nothing.
"""

from __future__ import annotations

import json
import sqlite3
from typing import TYPE_CHECKING, Any, Protocol

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from edge.contract.events import EVENT_ADAPTER
from edge.contract.payloads import ShelfObserved
from edge.contract.topics import Channel, every_device, parse_topic

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from edge.contract.events import AnyEvent

BATCH = 50

_EVENTS = """create table if not exists plain_events (
    tenant text, device text, epoch text, seq bigint, store text, type text, at text, body {blob},
    primary key (tenant, device, epoch, seq))"""
_FACINGS = """create table if not exists plain_facings (
    tenant text, device text, epoch text, seq bigint, place integer, store text, fixture text, at text,
    shelf integer, position integer, sku text, status text, score double precision, sku_score double precision,
    x1 double precision, y1 double precision, x2 double precision, y2 double precision,
    primary key (tenant, device, epoch, seq, place))"""
_EVENT_COLUMNS, _FACING_COLUMNS = 8, 18


class Sink(Protocol):
    """Where rows go."""

    def write(self, events: Sequence[tuple[Any, ...]], facings: Sequence[tuple[Any, ...]]) -> None:
        """Insert what is not there yet, and commit."""


class SqliteSink:
    """Python's own driver, WAL and a full sync."""

    def __init__(self, path: str) -> None:
        self._connection = sqlite3.connect(path)
        self._connection.execute("pragma journal_mode=wal")
        self._connection.execute("pragma synchronous=full")
        self._connection.execute(_EVENTS.format(blob="blob"))
        self._connection.execute(_FACINGS)
        self._connection.commit()

    def write(self, events: Sequence[tuple[Any, ...]], facings: Sequence[tuple[Any, ...]]) -> None:
        """Insert what is not there yet, and commit."""
        self._connection.executemany(
            f"insert or ignore into plain_events values ({_marks('?', _EVENT_COLUMNS)})",  # noqa: S608 - our own text
            events,
        )
        self._connection.executemany(
            f"insert or ignore into plain_facings values ({_marks('?', _FACING_COLUMNS)})",  # noqa: S608 - as above
            facings,
        )
        self._connection.commit()


class PostgresSink:
    """psycopg, which pipelines the rows of a batch."""

    def __init__(self, url: str) -> None:
        import psycopg  # noqa: PLC0415 - only where PostgreSQL is measured

        self._connection = psycopg.connect(url)
        self._connection.execute(_EVENTS.format(blob="bytea"))
        self._connection.execute(_FACINGS)
        self._connection.commit()

    def write(self, events: Sequence[tuple[Any, ...]], facings: Sequence[tuple[Any, ...]]) -> None:
        """Insert what is not there yet, and commit."""
        with self._connection.cursor() as cursor:
            cursor.executemany(
                f"insert into plain_events values ({_marks('%s', _EVENT_COLUMNS)})"  # noqa: S608 - our own text
                " on conflict do nothing",
                events,
            )
            cursor.executemany(
                f"insert into plain_facings values ({_marks('%s', _FACING_COLUMNS)})"  # noqa: S608 - as above
                " on conflict do nothing",
                facings,
            )
        self._connection.commit()


def collect_plainly(port: int, client_id: str, sink: Sink, done: Callable[[int], bool]) -> None:
    """Collect from the broker on `port` until `done(messages so far)`."""
    client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id, protocol=mqtt.MQTTv5, manual_ack=True)
    batch: list[mqtt.MQTTMessage] = []
    taken = 0

    def on_message(_client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        batch.append(message)

    def on_connect(client: mqtt.Client, *_: object) -> None:
        client.subscribe(every_device(Channel.EVENTS), qos=1)

    client.on_message, client.on_connect = on_message, on_connect
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]  # paho types it not
    properties.SessionExpiryInterval = 86_400
    properties.ReceiveMaximum = 100
    client.connect("127.0.0.1", port, clean_start=False, properties=properties)
    while not done(taken):
        client.loop(0.05 if not batch else 0.0)
        if len(batch) >= BATCH:
            _flush(client, batch, sink)
            taken += len(batch)
            batch.clear()
    client.disconnect()


def _flush(client: mqtt.Client, batch: list[mqtt.MQTTMessage], sink: Sink) -> None:
    events, facings, receipts = [], [], []
    for message in batch:
        parsed = parse_topic(message.topic)
        assert parsed is not None
        address, _ = parsed
        for event, body in _read(bytes(message.payload)):
            key = (address.tenant, address.device, event.epoch, event.seq)
            assert isinstance(event.data, ShelfObserved)
            events.append((*key, address.store, event.type, event.time.isoformat(), body))
            for place, facing in enumerate(event.data.facings):
                facings.append(
                    (
                        *(*key, place, address.store, event.data.fixture, event.time.isoformat()),
                        *(facing.shelf, facing.position, facing.sku, facing.status, facing.score, facing.sku_score),
                        *facing.box,
                    )
                )
            receipts.append((address.topic(Channel.RECEIPTS), event.epoch, event.seq))
    sink.write(events, facings)
    for message in batch:
        client.ack(message.mid, message.qos)
    for topic, epoch, seq in receipts:
        client.publish(topic, json.dumps({"epoch": epoch, "ranges": [[seq, seq]]}), qos=1)


def _read(payload: bytes) -> list[tuple[AnyEvent, bytes]]:
    if payload[:1] == b"[":
        parts = json.loads(payload)
        return [(EVENT_ADAPTER.validate_python(part), json.dumps(part).encode()) for part in parts]
    return [(EVENT_ADAPTER.validate_json(payload), payload)]


def _marks(mark: str, count: int) -> str:
    return ", ".join([mark] * count)

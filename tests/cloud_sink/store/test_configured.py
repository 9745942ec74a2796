"""Configurations in the store: what is desired, what was said to that, and nothing written twice."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cloud_sink.store import configured
from cloud_sink.store.configured import Configured
from cloud_sink.store.database import Database, reading, writing
from edge.contract.receipts import ConfigFault, ConfigReport
from edge.contract.topics import Channel
from tests.cloud_sink.words import DEVICE

NOW = datetime(2026, 3, 20, tzinfo=UTC)
WANTED = b'{"health_every": "2m"}'
SHA256 = hashlib.sha256(WANTED).hexdigest()
REFUSED = ConfigReport(
    sha256=SHA256, in_force=False, error="broker: no", errors=[ConfigFault(key="broker", reason="set on the device")]
)


def note(database: Database, channel: Channel, body: bytes, *, minutes: int = 0) -> Configured:
    with writing(database) as connection:
        configured.note(connection, [(DEVICE, channel, body)], NOW + timedelta(minutes=minutes))
    with reading(database) as connection:
        return configured.of_devices(connection, "acme").get(("acme", "d1"), Configured())


def test_what_is_desired_and_what_was_said_stand_side_by_side(database: Database) -> None:
    note(database, Channel.CONFIG, WANTED)
    found = note(database, Channel.CONFIG_REPORTED, REFUSED.model_dump_json().encode(), minutes=1)
    assert found == Configured(SHA256, NOW, REFUSED, NOW + timedelta(minutes=1))


def test_what_comes_again_is_as_old_as_it_was(database: Database) -> None:
    note(database, Channel.CONFIG, WANTED)
    assert note(database, Channel.CONFIG, WANTED, minutes=9).desired_at == NOW


def test_an_empty_document_takes_back_what_was_desired(database: Database) -> None:
    note(database, Channel.CONFIG, WANTED)
    assert note(database, Channel.CONFIG, b"").desired is None


def test_what_is_no_report_changes_nothing(database: Database) -> None:
    note(database, Channel.CONFIG_REPORTED, REFUSED.model_dump_json().encode())
    assert note(database, Channel.CONFIG_REPORTED, b"[1, 2]").reported == REFUSED

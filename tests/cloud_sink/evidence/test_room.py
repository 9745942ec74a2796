"""Rows and bytes together, whatever dies in between; on both databases."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from cloud_sink.evidence import removal
from cloud_sink.evidence.compare import Compared, compare
from cloud_sink.evidence.folder import Folder
from cloud_sink.evidence.place import EvidenceAway, EvidencePlace, Name
from cloud_sink.evidence.room import EvidenceDamaged, EvidenceFull, EvidenceGoing, EvidenceRoom
from cloud_sink.store import evidence_rows
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.deletion import delete_all
from cloud_sink.store.evidence_rows import State
from edge.contract.errors import StoreError
from edge.contract.topics import Address
from tests.cloud_sink.evidence.conftest import DEVICE, photograph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from cloud_sink.evidence.place import Kept

NOW = datetime(2026, 3, 14, 12, tzinfo=UTC)
DAY = timedelta(days=1)
NAME, CONTENT = photograph()


@dataclass
class Troubled:
    """A folder before which something happens."""

    folder: Folder
    before_put: Callable[[], object] = field(default=lambda: None)
    before_remove: Callable[[], object] = field(default=lambda: None)
    label: str = "troubled"

    def put(self, name: Name, content: bytes) -> None:
        self.before_put()
        self.folder.put(name, content)

    def has(self, name: Name, size: int) -> bool:
        return self.folder.has(name, size)

    def get(self, name: Name) -> bytes | None:
        return self.folder.get(name)

    def remove(self, names: Sequence[Name]) -> None:
        self.before_remove()
        self.folder.remove(names)

    def walk(self) -> Iterator[Kept]:
        return self.folder.walk()


@pytest.fixture
def place(tmp_path: Path) -> Troubled:
    return Troubled(Folder(tmp_path / "evidence"))


@pytest.fixture
def room(database: Database, place: Troubled) -> EvidenceRoom:
    return EvidenceRoom(database, place, 1000)


def take(room: EvidenceRoom, name: Name = NAME, content: bytes = CONTENT, now: datetime = NOW) -> bool:
    return room.take(name.address, name.sha256, content, now)


def state(database: Database, name: Name = NAME) -> State | None:
    with reading(database) as connection:
        found = evidence_rows.find(connection, name.address.tenant, name.sha256)
    return None if found is None else found[1]


def fails() -> None:
    raise EvidenceAway("away", "wait")


def dies() -> None:
    sys.exit("killed")  # stands for a kill: nothing after it is done


def delete(database: Database, place: EvidencePlace) -> object:
    return delete_all(database, place, tenant="acme", kind="device", name="d1", by="ann", now=NOW)


def test_a_photograph_is_stored_once_and_shown_to_its_tenant(room: EvidenceRoom) -> None:
    assert (take(room), take(room)) == (True, False)
    assert room.show("acme", NAME.sha256) == CONTENT
    assert room.show("rival", NAME.sha256) is None


def test_another_device_s_same_photograph_is_known(room: EvidenceRoom, place: Troubled) -> None:
    take(room)
    assert not take(room, Name(Address("acme", "s2", "d2"), NAME.sha256))
    assert [kept.name for kept in place.walk()] == [NAME]


def test_a_photograph_whose_bytes_were_lost_is_stored_again(room: EvidenceRoom, place: Troubled) -> None:
    take(room)
    place.folder.remove([NAME])
    assert room.show("acme", NAME.sha256) is None
    assert take(room)
    assert room.show("acme", NAME.sha256) == CONTENT


def test_nothing_is_shown_before_it_is_stored_and_nothing_is_lost_while_the_place_is_away(
    database: Database, room: EvidenceRoom, place: Troubled
) -> None:
    place.before_put = fails
    with pytest.raises(EvidenceAway):
        take(room)
    was_away = room.away
    assert (state(database), room.show("acme", NAME.sha256)) == (State.COMING, None)
    place.before_put = lambda: None
    assert take(room)
    assert (was_away, room.away) == (True, False)
    assert room.show("acme", NAME.sha256) == CONTENT


@pytest.mark.parametrize("moment", ["before the bytes", "after the bytes"])
def test_what_a_killed_upload_left_is_finished_by_the_next(
    database: Database, room: EvidenceRoom, place: Troubled, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    with monkeypatch.context() as patch:
        if moment == "before the bytes":
            patch.setattr(place, "before_put", dies)
        else:
            patch.setattr(evidence_rows, "settle", lambda *_: dies())
        with pytest.raises(SystemExit):
            take(room)
    assert state(database) is State.COMING
    assert place.folder.has(NAME, len(CONTENT)) is (moment == "after the bytes")
    assert take(room)
    assert (state(database), room.show("acme", NAME.sha256)) == (State.STORED, CONTENT)


def test_what_a_killed_upload_left_goes_after_a_day_if_nobody_comes(
    database: Database, room: EvidenceRoom, place: Troubled, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(evidence_rows, "settle", lambda *_: dies())
        with pytest.raises(SystemExit):
            take(room)
    assert removal.expire(database, place, 90, NOW + DAY / 2) == 0
    assert removal.expire(database, place, 90, NOW + 2 * DAY) == 1
    assert (list(place.walk()), state(database)) == ([], None)


def test_a_quota_holds_for_all_that_come_together(database: Database, place: Troubled) -> None:
    room = EvidenceRoom(database, place, 2 * len(CONTENT))
    many = [photograph(f"a shel{number}") for number in range(6)]

    def stored(one: tuple[Name, bytes]) -> bool:
        try:
            return take(room, *one)
        except EvidenceFull:
            return False

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(stored, many)) == 2
    assert take(room, *photograph("a shelf", Address("rival", "s", "d")))
    delete(database, place)
    assert take(room, *many[0])  # its room is free again
    assert removal.expire(database, place, 1, NOW + 2 * DAY) == 2
    with reading(database) as connection:
        assert [evidence_rows.used_bytes(connection, tenant) for tenant in ("acme", "rival")] == [0, 0]


def test_other_bytes_under_a_hash_are_not_shown(room: EvidenceRoom, place: Troubled) -> None:
    take(room)
    place.folder.path(NAME).write_bytes(b"<script>".ljust(len(CONTENT)))
    with pytest.raises(EvidenceDamaged):
        room.show("acme", NAME.sha256)


def test_what_is_deleted_while_it_comes_is_not_called_stored(
    database: Database, room: EvidenceRoom, place: Troubled
) -> None:
    place.before_put = lambda: delete(database, place.folder)
    with pytest.raises(EvidenceGoing):
        take(room)
    assert state(database) is None
    place.before_put = lambda: None
    assert take(room)  # its device sends it again
    assert room.show("acme", NAME.sha256) == CONTENT


def test_nothing_is_stored_under_what_is_going(database: Database, room: EvidenceRoom, place: Troubled) -> None:
    take(room)
    place.before_remove = fails
    with pytest.raises(EvidenceAway):
        removal.expire(database, place, 1, NOW + 3 * DAY)
    assert state(database) is State.GOING
    assert room.show("acme", NAME.sha256) is None
    with pytest.raises(EvidenceGoing):
        take(room)
    place.before_remove = lambda: None
    assert removal.expire(database, place, 1, NOW + 3 * DAY) == 1
    assert list(place.walk()) == []
    assert take(room, now=NOW + 3 * DAY)


def test_there_is_no_proof_of_a_deletion_before_all_is_deleted(
    database: Database, room: EvidenceRoom, place: Troubled
) -> None:
    take(room)
    take(room, *photograph("another"))
    place.before_remove = fails
    with pytest.raises(StoreError, match="give the command again"):
        delete(database, place)
    assert state(database) is State.GOING
    place.before_remove = dies
    with pytest.raises(SystemExit):
        delete(database, place)
    place.before_remove = lambda: None
    proof = delete(database, place)
    assert getattr(proof, "photographs") == 2  # noqa: B009 - None has none
    assert (list(place.walk()), state(database)) == ([], None)
    assert delete(database, place) is None


def test_a_photograph_that_comes_during_a_deletion_goes_with_it(
    database: Database, room: EvidenceRoom, place: Troubled
) -> None:
    take(room)
    late = [photograph("late")]
    place.before_remove = lambda: late and take(room, *late.pop())
    assert getattr(delete(database, place), "photographs") == 2  # noqa: B009 - as above
    assert list(place.walk()) == []


def test_rows_and_photographs_are_brought_together(database: Database, room: EvidenceRoom, place: Troubled) -> None:
    assert compare(database, place) == Compared(0, 0)
    lost, forgotten, coming = photograph("lost"), photograph("forgotten"), photograph("coming")
    for one in ((NAME, CONTENT), lost):
        take(room, *one)
    place.folder.remove([lost[0]])
    place.folder.put(*forgotten)
    with writing(database) as connection:
        evidence_rows.announce(connection, DEVICE, coming[0].sha256, 1, NOW)
    assert compare(database, place) == Compared(entered=1, dropped=1)
    assert compare(database, place) == Compared(0, 0)
    assert room.show("acme", forgotten[0].sha256) == forgotten[1]
    assert [state(database, one) for one in (NAME, lost[0], coming[0])] == [State.STORED, None, State.COMING]
    assert not take(room, *forgotten)

"""Encryption at rest: nothing plain on the disk, nothing lost while it is switched, nothing read without the key."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.contract.receipts import Receipt
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox_look import look_into
from edge.deliver.sealing import MARK, OVERHEAD, PLAIN, AtRest, DataKey, SealError, sealed_with
from edge.device.view_file import ViewFile
from edge.update.frames import TrialFrames
from tests.edge.deliver.disks import Filler, small_disk
from tests.edge.deliver.goods import STAMP, draft, events_of, in_memory, open_outbox, padded
from tests.edge.deliver.sealing_kills import ANSWER, KEY, SEALED, UNSEALED, held

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox

OTHER = AtRest(DataKey(bytes(32)), on=True)
SECRET = "capture-of-a-secret-shelf"
CURSOR = '"where-it-was"'
JPEG = b"\xff\xd8\xff\xe0" + b"\x00\x10JFIF a picture" * 40
PLAIN_THINGS = (SECRET.encode(), b"where-it-was", b'"facings"', b'"doctor"', b"\xff\xd8\xff", b"JFIF")


@pytest.fixture
def path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder / "outbox.db"


def fill(outbox: Outbox, number: int = 40) -> None:
    for one in range(number):
        shelf = draft("shelf.observed.v1", capture=f"{SECRET}-{one}")
        outbox.append([shelf], stamp=STAMP, state={"cursor": CURSOR})
    outbox.answers.keep(ANSWER, '{"doctor": "all is well"}')


def plain_in(folder: Path) -> set[tuple[str, bytes]]:
    """What of the plain things stands in which file, journals and free pages included."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return {(path.name, thing) for path in files for thing in PLAIN_THINGS if thing in path.read_bytes()}


@given(data=st.binary(max_size=300), label=st.text(max_size=20))
def test_what_is_sealed_opens_again_and_shows_nothing(data: bytes, label: str) -> None:
    sealed = KEY.seal(data, label)
    assert KEY.open(sealed, label) == data
    assert len(sealed) == len(data) + OVERHEAD
    assert sealed_with(sealed) == KEY.name
    assert KEY.seal(data, label) != sealed  # another nonce


@given(data=st.binary(min_size=1, max_size=50), at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_it_can_be_changed(data: bytes, at: int, bit: int) -> None:
    sealed = bytearray(KEY.seal(data, "event/1/1"))
    sealed[at % len(sealed)] ^= 1 << bit
    with pytest.raises(SealError):
        KEY.open(bytes(sealed), "event/1/1")


def test_it_opens_in_its_own_place_alone() -> None:
    with pytest.raises(SealError, match="event/1/2 was altered"):
        KEY.open(KEY.seal(b"{}", "event/1/1"), "event/1/2")


def test_nothing_plain_is_in_any_file_while_it_is_on(path: Path) -> None:
    spool = EvidenceSpool(path.parent / "evidence", at_rest=SEALED)
    with open_outbox(path, at_rest=SEALED) as outbox:
        fill(outbox)
        sha256 = spool.put(JPEG)
        TrialFrames(path.parent / "frames" / "cam-1", most=2, at_rest=SEALED).keep(JPEG, 0.0)
        ViewFile(path.parent / "views" / "cam-1.png", at_rest=SEALED).save(JPEG)
        assert plain_in(path.parent) == set()
        assert spool.read(sha256) == JPEG
        [first, *_] = events_of(outbox.due())
        assert first["data"]["capture"] == f"{SECRET}-0"
        assert outbox.get_state("cursor") == CURSOR
    assert plain_in(path.parent) == set()


def test_receipts_resends_and_new_keys_after_a_conflict_work_as_in_plain(path: Path) -> None:
    with open_outbox(path, at_rest=SEALED) as outbox:
        fill(outbox, 3)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=outbox.epoch, ranges=[(1, 1)], conflicts=[2]))
        again = events_of(outbox.due())
        assert [(one["data"]["capture"], one["epoch"]) for one in again] == [(f"{SECRET}-1", outbox.epoch)]
        outbox.resend(again[0]["epoch"], [(1, 1)])
    assert plain_in(path.parent) == set()


def test_switched_on_all_that_was_there_is_sealed_and_switched_off_it_is_as_before(path: Path) -> None:
    with open_outbox(path) as outbox:
        fill(outbox)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=outbox.epoch, ranges=[(1, 20)]))  # what goes leaves free pages
    wanted = held(path, PLAIN)
    assert plain_in(path.parent)
    assert held(path, SEALED) == wanted
    assert plain_in(path.parent) == set()
    look = look_into(path, SEALED)
    assert look is not None
    assert (look.sealed, look.opened, look.swept, list(look.captures)) == (KEY.name, True, True, ["cam-1"])
    assert held(path, UNSEALED) == wanted
    assert held(path, PLAIN) == wanted


def test_killed_at_any_statement_of_the_change_nothing_is_lost(path: Path) -> None:
    with open_outbox(path) as outbox:
        fill(outbox, 3)
    command = [sys.executable, "-m", "tests.edge.deliver.sealing_kills", str(path.parent)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout.split()[-1]) > 20


@pytest.mark.parametrize("here", [OTHER, PLAIN, AtRest(missing="/keys/at-rest.key is not there")])
def test_without_its_key_it_is_refused_in_one_line_and_left_as_it_is(path: Path, here: AtRest) -> None:
    with open_outbox(path, at_rest=SEALED) as outbox:
        fill(outbox)
    before = path.read_bytes()
    with pytest.raises(SealError, match=f"outbox.db: sealed with key {KEY.name}, and .*edge at-rest anew"):
        open_outbox(path, at_rest=here)
    assert path.read_bytes() == before
    assert list(path.parent.glob("*corrupt*")) == []
    assert len(held(path, SEALED)[0]) == 40
    look = look_into(path, here)
    assert look is not None
    assert (look.waiting, look.sealed, look.opened, look.captures) == (40, KEY.name, False, {})


def test_an_agent_that_knows_nothing_of_sealed_rows_leaves_them_alone(path: Path) -> None:
    with open_outbox(path, at_rest=SEALED):
        pass
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (2,)
    with open_outbox(path, at_rest=UNSEALED):
        pass
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)


def test_what_can_be_read_of_a_damaged_file_is_carried_over_sealed(path: Path) -> None:
    with open_outbox(path, at_rest=SEALED) as outbox:
        fill(outbox)
    twentieth = [found.start() for found in re.finditer(re.escape(MARK), path.read_bytes())][20]
    with path.open("r+b") as file:
        file.seek(twentieth // 1024 * 1024)
        file.write(b"\xa5" * 4096)
    with open_outbox(path, at_rest=SEALED) as outbox:
        assert outbox.set_aside is not None
        outbox.append([draft()], stamp=STAMP)
        events = events_of(outbox.due())
        carried = [one for one in events if one["type"] == "shelf.observed.v1"]
        assert 20 < len(carried) < 40
        assert any(one["type"] == "outbox.dropped.v1" for one in events)
    assert plain_in(path.parent) == set()


def test_an_event_whose_sealed_bytes_changed_is_told_as_lost_and_the_others_go_on(path: Path) -> None:
    with open_outbox(path, at_rest=SEALED) as outbox:
        fill(outbox, 5)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:  # as a bad cell of the card, unnoticed by it
        database.execute("UPDATE event SET body = substr(body, 1, length(body) - 1) || x'99' WHERE seq = 3")
    with open_outbox(path, at_rest=SEALED) as outbox:
        events = events_of(outbox.due())
        assert sorted(one["seq"] for one in events if one["type"] == "shelf.observed.v1") == [1, 2, 4, 5]
        outbox.append([draft()], stamp=STAMP)
        [notice] = [one for one in events_of(outbox.due()) if one["type"] == "outbox.dropped.v1"]
        assert notice["data"]["ranges"] == [[3, 3]]


def test_on_a_full_disk_it_stays_of_both_forms_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=8) as disk:
        with open_outbox(disk / "outbox.db") as outbox:
            for _ in range(300):
                outbox.append([padded("shelf.observed.v1", 5000)], stamp=STAMP)
            outbox.append([draft("shelf.observed.v1", capture=SECRET)], stamp=STAMP)
            wanted = outbox.depth
        filler = Filler(disk)
        filler.fill()
        with open_outbox(disk / "outbox.db", at_rest=SEALED) as outbox:
            assert outbox.depth == wanted
        look = look_into(disk / "outbox.db", SEALED)
        assert look is not None
        assert not look.swept
        filler.empty()
        with open_outbox(disk / "outbox.db", at_rest=SEALED) as outbox:
            assert outbox.depth == wanted
        assert plain_in(disk) == set()


def test_damaged_files_of_before_are_let_go_since_nothing_seals_them(path: Path) -> None:
    with open_outbox(path) as outbox:
        fill(outbox)
    shutil.copyfile(path, path.with_name("outbox.db.corrupt-1"))
    held(path, SEALED)
    assert list(path.parent.glob("*corrupt*")) == []


def test_photographs_are_sealed_and_unsealed_in_their_order(path: Path) -> None:
    folder = path.parent / "evidence"
    spool = EvidenceSpool(folder)
    hashes = [spool.put(JPEG + bytes([number])) for number in random.Random(1).sample(range(200), 5)]
    spool.refuse(hashes[2])
    rest = [one for one in hashes if one != hashes[2]]
    for at_rest, plain in ((SEALED, 0), (UNSEALED, 5)):
        spool = EvidenceSpool(folder, at_rest=at_rest)
        assert spool.waiting() == rest
        assert all((spool.read(one) or b"").startswith(JPEG) for one in rest)
        assert len([one for one in folder.rglob("*.jpg") if one.read_bytes().startswith(JPEG)]) == plain


def test_photographs_of_another_key_are_refused_and_stay(path: Path) -> None:
    folder = path.parent / "evidence"
    sha256 = EvidenceSpool(folder, at_rest=OTHER).put(JPEG)
    with pytest.raises(SealError, match=re.escape(f"{folder / sha256}.jpg: sealed with key")):
        EvidenceSpool(folder, at_rest=SEALED)
    assert EvidenceSpool(folder, at_rest=OTHER).read(sha256) == JPEG


def test_a_photograph_whose_sealed_bytes_changed_counts_as_dropped(path: Path) -> None:
    spool = EvidenceSpool(path.parent / "evidence", at_rest=SEALED)
    sha256 = spool.put(JPEG)
    file = path.parent / "evidence" / f"{sha256}.jpg"
    file.write_bytes(file.read_bytes()[:-1] + b"\x00\x00")
    assert spool.read(sha256) is None
    assert spool.take_shed() == [sha256]


def test_frames_and_views_are_sealed_where_they_lie(path: Path) -> None:
    view, frames = path.parent / "views" / "cam-1.png", path.parent / "frames" / "cam-1"
    ViewFile(view).save(JPEG)
    TrialFrames(frames, most=2).keep(JPEG, 0.0)
    assert ViewFile(view, at_rest=SEALED).load() == JPEG
    TrialFrames(frames, most=2, at_rest=SEALED)
    assert plain_in(path.parent) == set()

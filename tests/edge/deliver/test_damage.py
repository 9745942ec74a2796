"""A damaged outbox file: set aside, begun anew in a new epoch, and what can be read of it carried over."""

from __future__ import annotations

import os
import random
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract import ranges
from edge.contract.receipts import Receipt
from edge.deliver import outbox_file, salvage
from tests.edge.deliver.goods import STAMP, draft, events_of, in_memory, open_outbox, padded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from edge.deliver.outbox import Outbox

EVENTS = 60


def drain(outbox: Outbox) -> list[dict[str, Any]]:
    """Everything that waits, answered as it goes."""
    found: list[dict[str, Any]] = []
    while batches := outbox.due():
        found += events_of(batches)
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return found


def fill(path: Path) -> str:
    """An outbox with events that wait; gives its epoch."""
    with open_outbox(path) as outbox:
        for number in range(EVENTS):
            outbox.append([draft("shelf.observed.v1", capture=f"c-{number}")], stamp=STAMP, state={"step": str(number)})
        return outbox.epoch


@pytest.fixture
def path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder / "outbox.db"


@pytest.fixture(scope="module")
def sound() -> Iterator[tuple[Path, str]]:
    with in_memory() as folder:
        yield folder / "outbox.db", fill(folder / "outbox.db")


def overwrite(path: Path, at: int, octets: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(octets)


def hit_events(path: Path, *, octets: int = 4096) -> None:
    """Overwrite some pages that hold events."""
    at = path.read_bytes().index(b'"c-20"') // 1024 * 1024
    overwrite(path, at, b"\xa5" * octets)


def truncate(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 + 100)


def drop_table(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("DROP TABLE state")
    database.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "not a database": lambda path: path.write_text("a good deal of text " * 1000),
    "of no length": lambda path: os.truncate(path, 0),
    "cut off in the middle": truncate,
    "its first page overwritten": lambda path: overwrite(path, 0, b"\xff" * 1024),
    "pages in the middle overwritten": hit_events,
    "a table dropped": drop_table,
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_set_aside_and_begun_anew_in_a_new_epoch(
    path: Path, sound: tuple[Path, str], damage: str
) -> None:
    shutil.copyfile(sound[0], path)
    DAMAGES[damage](path)
    with open_outbox(path) as outbox:
        assert outbox.set_aside == path.with_name("outbox.db.corrupt-1")
        assert outbox.epoch != sound[1]
        assert outbox.figures().damaged == 1
        assert outbox.append([draft(seconds_open=77.0)], stamp=STAMP) == [1]
        [new] = [one for one in drain(outbox) if one["epoch"] == outbox.epoch]
        assert new["data"]["seconds_open"] == 77.0


def test_what_can_be_read_is_sent_under_its_old_keys_and_the_rest_is_told(path: Path, sound: tuple[Path, str]) -> None:
    shutil.copyfile(sound[0], path)
    hit_events(path, octets=8192)
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP)
        events = drain(outbox)
    old = [one for one in events if one["epoch"] == sound[1]]
    arrived = {one["seq"] for one in old if one["type"] == "shelf.observed.v1"}
    assert {one["data"]["capture"] for one in old if one["type"] == "shelf.observed.v1"} == {
        f"c-{seq - 1}" for seq in arrived
    }
    [notice] = [one for one in old if one["type"] == "outbox.dropped.v1"]
    named = [(first, last) for first, last in notice["data"]["ranges"]]
    assert EVENTS * 0.7 < len(arrived) < EVENTS
    assert ranges.merge([*named, *ranges.from_numbers(arrived)]) == ((1, EVENTS),)
    assert ranges.size(named) + len(arrived) == EVENTS
    assert notice["data"]["reason"] == "the outbox file was damaged"


def test_what_the_agent_remembers_is_carried_over(path: Path, sound: tuple[Path, str]) -> None:
    shutil.copyfile(sound[0], path)
    hit_events(path)
    with open_outbox(path) as outbox:
        assert outbox.set_aside is not None
        assert outbox.get_state("step") == str(EVENTS - 1)


def test_receipts_for_the_old_epoch_still_hold(path: Path, sound: tuple[Path, str]) -> None:
    shutil.copyfile(sound[0], path)
    hit_events(path)
    with open_outbox(path) as outbox:
        waiting = outbox.depth
        assert outbox.take_receipt(Receipt(epoch=sound[1], ranges=[(1, EVENTS)])).stored == waiting > 0
        assert outbox.resend(sound[1], [(1, 3)])[1] == ()
        assert outbox.depth == 3


def test_few_damaged_files_are_kept(path: Path) -> None:
    for _ in range(5):
        path.write_bytes(b"rubbish" * 1000)
        with open_outbox(path) as outbox:
            newest = outbox.set_aside
    assert newest == path.with_name("outbox.db.corrupt-5")
    assert sorted(one.name for one in path.parent.glob("*.corrupt-?")) == ["outbox.db.corrupt-4", "outbox.db.corrupt-5"]


def test_a_journal_of_another_outbox_is_noticed_or_does_no_harm(path: Path, tmp_path: Path) -> None:
    # The other outbox is closed by a kill, so that its journal stays.
    code = (
        "import os, sys; from pathlib import Path; from tests.edge.deliver.test_damage import *;"
        "o = open_outbox(Path(sys.argv[1])); [o.append([draft()], stamp=STAMP) for _ in range(50)]; os._exit(0)"
    )
    other = tmp_path / "other" / "outbox.db"
    subprocess.run([sys.executable, "-c", code, str(other)], check=True)
    epoch = fill(path)
    shutil.copyfile(other.with_name("outbox.db-wal"), path.with_name("outbox.db-wal"))
    with open_outbox(path) as outbox:
        outbox.append([draft(seconds_open=77.0)], stamp=STAMP)
        events = drain(outbox)
    keys = [(one["epoch"], one["seq"]) for one in events]
    assert len(keys) == len(set(keys))
    assert any(one["data"].get("seconds_open") == 77.0 for one in events)
    assert outbox.set_aside is not None or {one["epoch"] for one in events} <= {epoch, *(k[0] for k in keys)}


def test_a_rollback_journal_that_was_left_does_no_harm(path: Path, sound: tuple[Path, str]) -> None:
    shutil.copyfile(sound[0], path)
    path.with_name("outbox.db-journal").write_bytes(random.Random(1).randbytes(5000))
    with open_outbox(path) as outbox:
        assert len(drain(outbox)) == EVENTS


@settings(max_examples=30, deadline=None)
@given(
    start=st.floats(0, 1),
    octets=st.binary(min_size=1, max_size=400),
    times=st.integers(1, 20),
    cut=st.one_of(st.none(), st.floats(0, 1)),
)
def test_whatever_is_damaged_the_outbox_opens_and_works(
    sound: tuple[Path, str], start: float, octets: bytes, times: int, cut: float | None
) -> None:
    with in_memory() as folder:
        path = folder / "outbox.db"
        shutil.copyfile(sound[0], path)
        overwrite(path, int(start * path.stat().st_size), octets * times)
        if cut is not None:
            os.truncate(path, int(cut * path.stat().st_size))
        with open_outbox(path) as outbox:
            outbox.append([draft(seconds_open=77.0)], stamp=STAMP, state={"step": "new"})
            outbox.figures()
            events = drain_bytes(outbox)
            assert outbox.get_state("step") == "new"
            assert outbox.depth == 0
        assert any(b"77.0" in body for body in events)
        with open_outbox(path) as outbox:
            assert outbox.depth == 0


def drain_bytes(outbox: Outbox) -> list[bytes]:
    """Everything that waits, readable or not, as a collector that takes anything would."""
    found: list[bytes] = []
    while batches := outbox.due():
        found += [batch.body for batch in batches]
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return found


def test_damage_that_comes_to_light_at_work_ends_nothing(path: Path) -> None:
    with open_outbox(path) as outbox:
        for number in range(1500):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP, state={"step": str(number)})
        epoch = outbox.epoch
        size = path.stat().st_size
        assert size > 4 * 1024 * 1024  # more than SQLite holds in memory
        for at in range(65536, size - 8192, 65536):
            overwrite(path, at, b"\xa5" * 4096)
        left = drain(outbox)
        outbox.append([draft(seconds_open=77.0)], stamp=STAMP)
        left += drain(outbox)
        assert outbox.set_aside is not None
        assert outbox.epoch != epoch
        assert outbox.get_state("step") == "1499"
        named = [span for one in left if one["type"] == "outbox.dropped.v1" for span in one["data"]["ranges"]]
        arrived = {one["seq"] for one in left if one["epoch"] == epoch and one["type"] == "shelf.observed.v1"}
        assert len(arrived) > 1000
        missing = ranges.subtract([(1, 1500)], ranges.from_numbers(arrived))
        assert 0 < ranges.size(named) <= ranges.size(missing)  # as far as the indexes could be read
        assert outbox.resend(epoch, missing) == ((), missing)  # and whoever finds a hole is told
        assert any(one["data"].get("seconds_open") == 77.0 for one in left)


def killed_after(steps: int, path: Path) -> bool:
    """Open the outbox in a process that dies in the midst of it, after so many steps; whether it died."""
    child = os.fork()
    if child == 0:
        left = steps

        def counted(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                nonlocal left
                left -= 1
                if left < 0:
                    os._exit(9)
                return real(*arguments, **options)

            return call

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Path, "rename", counted(Path.rename))
            for module, name in ((salvage, "_carry_event"), (salvage, "_carry_notes"), (outbox_file, "create")):
                patch.setattr(module, name, counted(getattr(module, name)))
            open_outbox(path).close()
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9


@pytest.mark.parametrize("with_journal", [False, True])
def test_a_kill_while_a_damaged_file_is_exchanged_loses_no_more_than_the_damage(
    path: Path, tmp_path: Path, *, with_journal: bool
) -> None:
    fill(path)
    with open_outbox(path):
        if with_journal:
            shutil.copyfile(path.with_name("outbox.db-wal"), tmp_path / "journal")
    hit_events(path)
    whole = tmp_path / "whole.db"
    shutil.copyfile(path, whole)
    with open_outbox(whole) as outbox:
        wanted = {(one["epoch"], one["seq"]) for one in drain(outbox)}
    assert len(wanted) > EVENTS * 0.7
    if with_journal:
        path.with_name("outbox.db-wal").write_bytes((tmp_path / "journal").read_bytes())
    steps = 0
    while killed_after(steps, path):
        steps += 1 if steps < 8 else 13
    assert steps >= 8
    with open_outbox(path) as outbox:
        found = {(one["epoch"], one["seq"]) for one in drain(outbox)}
        assert outbox.figures().damaged >= 1
    assert wanted <= found

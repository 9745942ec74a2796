"""A disk without room: a small tmpfs that somebody else fills."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from edge.contract import ranges
from edge.contract.receipts import Receipt
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.reserve import Reserve
from tests.edge.deliver.disks import Filler, small_disk
from tests.edge.deliver.goods import STAMP, Clock, draft, events_of, open_outbox, padded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", megabytes=8) as folder:
        yield folder


def drain(outbox: Outbox) -> list[dict[str, Any]]:
    """Everything that waits, answered as it goes."""
    found: list[dict[str, Any]] = []
    while batches := outbox.due():
        found += events_of(batches)
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return sorted(found, key=lambda one: one["seq"])


def dropped(events: list[dict[str, Any]]) -> list[tuple[int, int]]:
    """The numbers that notices name."""
    notices = [one["data"] for one in events if one["type"] == "outbox.dropped.v1"]
    return [(first, last) for one in notices if one["kind"] != "evidence" for first, last in one["ranges"]]


def check_each_number_once(events: list[dict[str, Any]], last: int) -> None:
    """Each number up to the last one either arrives or is named as dropped, and never both."""
    named = dropped(events)
    arrived = ranges.from_numbers(one["seq"] for one in events)
    assert ranges.merge([*arrived, *named]) == ((1, last),)
    assert ranges.size(named) + len(events) == last


def test_events_go_on_being_taken_in_on_a_full_disk_the_cheapest_going_for_them(disk: Path) -> None:
    with open_outbox(disk / "outbox.db") as outbox:
        for number in range(100):
            name = ("device.health.v1", "shelf.observed.v1", "stockout.opened.v1")[number % 3]
            outbox.append([padded(name, 3000)], stamp=STAMP, state={"cursor": str(number)})
        Filler(disk).fill()
        for number in range(100, 400):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP, state={"cursor": str(number)})
        assert not outbox.holding
        assert outbox.figures().trouble == "the disk is full"
        assert outbox.get_state("cursor") == "399"
        drops = outbox.figures().drops
        assert drops["health"] >= 30
        assert "stockout" not in drops
        events = drain(outbox)
        check_each_number_once(events, outbox.figures().last_seq)
        assert sum(drops.values()) == ranges.size(dropped(events))
        assert sum(one["type"] == "stockout.opened.v1" for one in events) == 33


def test_what_is_kept_for_resend_only_goes_before_anything_is_dropped(disk: Path) -> None:
    with open_outbox(disk / "outbox.db") as outbox:
        for _ in range(100):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP)
        drain(outbox)
        outbox.append([draft()], stamp=STAMP)  # writes the receipts down
        Filler(disk).fill()
        for _ in range(80):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP)
        assert outbox.figures().drops == {}
        assert outbox.count()["waiting"] == 81


def test_photographs_go_before_any_event_and_their_events_say_so(disk: Path) -> None:
    spool = EvidenceSpool(disk / "evidence", max_mb=4)
    with open_outbox(disk / "outbox.db", evidence=spool) as outbox:
        for number in range(6):
            sha256 = spool.put(b"\xff\xd8\xff" + bytes([number]) * 200_000)
            outbox.append([draft("shelf.observed.v1", evidence=sha256)], stamp=STAMP)
        Filler(disk).fill()
        for number in range(30):
            sha256 = spool.put(b"\xff\xd8\xff" + bytes([100 + number]) * 20_000)
            event = padded("shelf.observed.v1", 3000)
            outbox.append([type(event)(event.time, event.data.model_copy(update={"evidence": sha256}))], stamp=STAMP)
        figures = outbox.figures()
        assert set(figures.drops) == {"evidence"}
        events = drain(outbox)
        seen = {one["seq"] for one in events if one["type"] == "shelf.observed.v1"}
        lost = [
            seq
            for one in events
            if one["type"] == "outbox.dropped.v1"
            for first, last in one["data"]["ranges"]
            for seq in range(first, last + 1)
        ]
        assert len(lost) == len(set(lost)) == figures.drops["evidence"]
        kept = {one["seq"] for one in events if one["data"].get("evidence") in spool.waiting()}
        assert set(lost) == seen - kept  # every photograph is here or named as gone


def test_nothing_is_lost_that_the_bounds_hold_while_not_even_a_byte_is_free(
    disk: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, filler = Clock(), Filler(disk)
    with open_outbox(disk / "outbox.db", clock=clock) as outbox:
        outbox.append([draft()], stamp=STAMP)
        # Somebody writes faster than anything can be given up: what is let go is taken at once.
        give_up = Reserve.give_up

        def give_up_to_him(reserve: Reserve) -> bool:
            gone = give_up(reserve)
            filler.fill()
            return gone

        monkeypatch.setattr(Reserve, "give_up", give_up_to_him)
        filler.fill()
        for number in range(200):
            filler.fill()
            outbox.append([draft(seconds_open=float(number))], stamp=STAMP, state={"cursor": str(number)})
            clock.now += 1
        assert outbox.get_state("cursor") == "199"
        assert outbox.depth >= 1
        filler.empty()
        clock.now += 60
        outbox.tend()
        assert not outbox.holding
        assert outbox.figures().trouble == ""
        events = drain(outbox)
        check_each_number_once(events, outbox.figures().last_seq)
    said = [one["data"]["seconds_open"] for one in events if one["type"] == "cooler.door.v1"][1:]
    assert said == sorted(said)


def test_a_disk_with_room_again_ends_the_sparing(disk: Path) -> None:
    clock, filler = Clock(), Filler(disk)
    with open_outbox(disk / "outbox.db", clock=clock) as outbox:
        filler.fill()
        for _ in range(200):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP)
        drops = outbox.figures().drops["observation"]
        assert not (disk / "outbox.db.reserve").exists()
        filler.empty()
        clock.now += 60
        outbox.tend()
        assert (disk / "outbox.db.reserve").stat().st_size > 1024 * 1024
        for _ in range(200):
            outbox.append([padded("shelf.observed.v1", 3000)], stamp=STAMP)
        assert outbox.figures().drops["observation"] == drops
        assert outbox.figures().trouble == ""


def test_an_outbox_opens_on_a_full_disk(disk: Path) -> None:
    with open_outbox(disk / "outbox.db") as outbox:
        outbox.append([draft(seconds_open=1.0)], stamp=STAMP, state={"cursor": "1"})
        epoch = outbox.epoch
    Filler(disk).fill()
    with open_outbox(disk / "outbox.db") as outbox:
        assert (outbox.epoch, outbox.get_state("cursor"), outbox.set_aside) == (epoch, "1", None)
        outbox.append([draft(seconds_open=2.0)], stamp=STAMP)
        assert [one["data"]["seconds_open"] for one in drain(outbox)] == [1.0, 2.0]


def test_receipts_are_taken_on_a_full_disk(disk: Path) -> None:
    clock = Clock()
    with open_outbox(disk / "outbox.db", clock=clock) as outbox:
        for _ in range(50):
            outbox.append([draft()], stamp=STAMP)
        Filler(disk).fill()
        assert len(drain(outbox)) == 50
        clock.now += 3600
        outbox.tend()
    with open_outbox(disk / "outbox.db") as outbox:
        assert outbox.depth == 0


def test_an_agent_that_begins_on_a_full_disk_keeps_what_waits(disk: Path) -> None:
    with open_outbox(disk / "outbox.db") as outbox:
        for _ in range(300):
            outbox.append([padded("shelf.observed.v1", 5000)], stamp=STAMP)
    Filler(disk).fill()
    with open_outbox(disk / "outbox.db") as outbox:
        outbox.append([draft()], stamp=STAMP)
        assert outbox.depth > 0.9 * 300
        check_each_number_once(drain(outbox), outbox.figures().last_seq)

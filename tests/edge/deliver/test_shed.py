from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from edge.contract import ranges
from edge.contract.receipts import Receipt
from edge.deliver.capacity import MB, OutboxLimits
from edge.deliver.evidence import EvidenceSpool
from tests.edge.deliver.goods import ADDRESS, STAMP, Clock, draft, events_of, in_memory, open_outbox, padded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox

SIZE = 6000


@pytest.fixture
def path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder / "outbox.db"


def fill(outbox: Outbox, name: str, number: int) -> None:
    for _ in range(number):
        outbox.append([padded(name, SIZE)], stamp=STAMP)


def drain(outbox: Outbox) -> list[dict[str, Any]]:
    """Everything that waits, answered as it goes."""
    found: list[dict[str, Any]] = []
    while batches := outbox.due():
        found += events_of(batches)
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return sorted(found, key=lambda one: (one["epoch"], one["seq"]))


def test_a_full_outbox_gives_up_health_then_traffic_then_observations_and_stockouts_last(path: Path) -> None:
    gone: list[Counter[str]] = []
    for more in (30, 80, 130, 190):
        target = path.with_name(f"{more}.db")
        with open_outbox(target, limits=OutboxLimits(max_mb=1)) as outbox:
            for name in ("stockout.opened.v1", "shelf.observed.v1", "device.health.v1"):
                fill(outbox, name, 28)
            for _ in range(7):
                outbox.append([padded("traffic.counted.v1", 4 * SIZE)], stamp=STAMP)
            fill(outbox, "stockout.opened.v1", more)
            gone.append(Counter(outbox.figures().drops))
    kinds = [set(one) for one in gone]
    assert kinds[0] == {"health"}
    assert kinds[1] == {"health", "traffic", "observation"}
    assert kinds[2] == {"health", "traffic", "observation"} or "stockout" in kinds[2]
    assert kinds[3] == {"health", "traffic", "observation", "stockout"}
    assert gone[3]["health"] == 28  # none of the cheap ones is left when a stock-out goes
    assert gone[3]["observation"] == 28


def test_what_was_dropped_is_named_exactly_once_and_the_oldest_goes_first(path: Path) -> None:
    with open_outbox(path, limits=OutboxLimits(max_mb=0.5)) as outbox:
        fill(outbox, "shelf.observed.v1", 150)
        last, drops = outbox.figures().last_seq, outbox.figures().drops
        left = drain(outbox)
    named = [span for one in left if one["type"] == "outbox.dropped.v1" for span in one["data"]["ranges"]]
    assert all(one["data"]["kind"] == "observation" for one in left if one["type"] == "outbox.dropped.v1")
    present = ranges.from_numbers(one["seq"] for one in left)
    assert ranges.subtract([(1, last)], present) == ranges.merge((first, end) for first, end in named)
    assert ranges.size(named) == sum(end - first + 1 for first, end in named) == drops["observation"]
    kept = [one["seq"] for one in left if one["type"] == "shelf.observed.v1"]
    assert min(kept) > max(end for _, end in named)


def test_receipted_events_make_room_before_anything_is_dropped(path: Path) -> None:
    with open_outbox(path, limits=OutboxLimits(max_mb=0.5)) as outbox:
        fill(outbox, "shelf.observed.v1", 30)
        drain(outbox)
        fill(outbox, "shelf.observed.v1", 45)
        assert outbox.figures().drops == {}
        assert outbox.count()["waiting"] == 45
        assert 0 < outbox.count()["receipted"] < 30


def test_the_file_stays_within_the_limit(path: Path) -> None:
    with open_outbox(path, limits=OutboxLimits(max_mb=0.5)) as outbox:
        for size in (300, 2000, 5000, 9000, 300, 2000):
            for _ in range(60):
                outbox.append([padded("shelf.observed.v1", size)] * 3, stamp=STAMP)
        assert outbox.figures().drops["observation"] > 500
    assert path.stat().st_size <= 0.5 * MB


def test_what_waited_too_long_is_dropped_and_named(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock, limits=OutboxLimits(max_hours=10)) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
        clock.now += 6 * 3600
        outbox.append([draft()], stamp=STAMP)
        clock.now += 5 * 3600
        outbox.append([draft()], stamp=STAMP)
        left = drain(outbox)
    assert [one["seq"] for one in left] == [3, 4, 5]
    assert left[-1]["data"] == {"ranges": [[1, 2]], "kind": "observation", "reason": "waited longer than 10 h"}


def test_hours_are_hours_of_use_whatever_the_clock_says(path: Path) -> None:
    # Three days of use, then a restart: the monotonic clock begins anew, and the age goes on.
    clock = Clock(0.0)
    limits = OutboxLimits(max_hours=100)
    with open_outbox(path, clock=clock, limits=limits) as outbox:
        outbox.append([draft()], stamp=STAMP)
        clock.now = 72 * 3600
        outbox.append([draft()], stamp=STAMP)
    clock = Clock(5.0)
    with open_outbox(path, clock=clock, limits=limits) as outbox:
        clock.now += 27 * 3600
        outbox.append([draft()], stamp=STAMP)
        assert outbox.figures().drops == {}
        clock.now += 2 * 3600
        outbox.append([draft()], stamp=STAMP)
        assert outbox.figures().drops == {"observation": 1}


def test_drops_of_an_old_epoch_are_named_in_that_epoch(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock, limits=OutboxLimits(max_hours=10)) as outbox:
        old = outbox.epoch
        outbox.append([draft(), draft(), draft()], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=old, conflicts=[2]))
        clock.now += 9 * 3600
        outbox.append([draft()], stamp=STAMP)
        clock.now += 2 * 3600
        outbox.append([draft()], stamp=STAMP)
        notices = [one for one in drain(outbox) if one["type"] == "outbox.dropped.v1"]
        named = {one["epoch"]: one["data"]["ranges"] for one in notices}
        assert named == {old: [[1, 1], [3, 3]], outbox.epoch: [[1, 1]]}


def test_evidence_goes_before_any_event_and_is_said(path: Path, tmp_path: Path) -> None:
    spool = EvidenceSpool(tmp_path / "evidence", max_mb=10)
    limits = OutboxLimits(max_mb=0.5)
    with open_outbox(path, limits=limits, evidence=spool) as outbox:
        hashes = [spool.put(b"\xff\xd8\xff" + bytes([n]) * 60_000) for n in range(5)]
        for sha256 in hashes:
            outbox.append([draft("shelf.observed.v1", evidence=sha256)], stamp=STAMP)
        fill(outbox, "shelf.observed.v1", 40)
        assert outbox.figures().drops["evidence"] == 5 - len(spool.waiting()) > 0
        assert set(outbox.figures().drops) == {"evidence"}
        left = drain(outbox)
        lost = [one["data"] for one in left if one["type"] == "outbox.dropped.v1"]
        assert {one["kind"] for one in lost} == {"evidence"}
        assert ranges.merge(span for one in lost for span in one["ranges"]) == ((1, 5 - len(spool.waiting())),)
        assert outbox.address == ADDRESS


def test_what_a_notice_said_is_said_again_when_the_notice_itself_must_go(path: Path) -> None:
    with open_outbox(path, limits=OutboxLimits(max_mb=0.5)) as outbox:
        fill(outbox, "shelf.observed.v1", 150)
        fill(outbox, "stockout.opened.v1", 250)  # as dear as the notices, and younger
        last, drops = outbox.figures().last_seq, outbox.figures().drops
        left = drain(outbox)
    notices = [one["data"] for one in left if one["type"] == "outbox.dropped.v1"]
    named = ranges.merge((first, end) for one in notices for first, end in one["ranges"])
    present = ranges.from_numbers(one["seq"] for one in left)
    assert ranges.subtract([(1, last)], present) == named
    assert sum(drops.values()) == ranges.size(named)
    assert drops["observation"] == 150

"""A disk that refuses: turned read-only in the middle, or every write an error. What is appended waits in memory."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from structlog.testing import capture_logs

from edge.contract.receipts import Receipt
from edge.deliver.answers import AnswerBook
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.held import MOST_EVENTS
from tests.edge.deliver.disks import break_disk, breakable_disk
from tests.edge.deliver.goods import STAMP, Clock, draft, events_of, in_memory, open_outbox

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.outbox import Outbox


@contextmanager
def no_write() -> Iterator[None]:
    """Every write to a file of this process fails, whoever it runs as."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with capture_logs():  # pytest keeps what is printed in a file
            yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.fixture
def path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder / "outbox.db"


def drain(outbox: Outbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while batches := outbox.due():
        found += events_of(batches)
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return found


def test_events_wait_in_memory_while_the_disk_refuses_and_are_written_in_their_order(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        assert outbox.append([draft(seconds_open=0.0)], stamp=STAMP, state={"step": "0"}) == [1]
        with no_write():
            for number in range(1, 51):
                assert (
                    outbox.append([draft(seconds_open=float(number))], stamp=STAMP, state={"step": str(number)}) == []
                )
            assert outbox.holding
            assert outbox.depth == 51
            assert "disk I/O error" in outbox.figures().trouble
            assert outbox.get_state("step") == "50"
            clock.now += 10
            outbox.tend()
            assert outbox.holding
        clock.now += 10
        outbox.tend()
        figures = outbox.figures()
        assert (figures.depth, figures.trouble) == (51, "")
        assert outbox.append([draft(seconds_open=51.0)], stamp=STAMP) == [52]
        assert [one["data"]["seconds_open"] for one in drain(outbox)] == [float(number) for number in range(52)]
    with open_outbox(path) as outbox:
        assert outbox.get_state("step") == "50"


def test_the_next_append_finds_out_as_well_that_the_disk_is_back(path: Path) -> None:
    with open_outbox(path) as outbox:
        with no_write():
            outbox.append([draft(seconds_open=1.0)], stamp=STAMP)
        assert outbox.append([draft(seconds_open=2.0)], stamp=STAMP) == [2]
        assert [one["seq"] for one in drain(outbox)] == [1, 2]


def test_what_memory_does_not_hold_is_counted_and_told_with_numbers_of_its_own(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft()], stamp=STAMP)
        with no_write():
            for _ in range(MOST_EVENTS):
                outbox.append([draft("shelf.observed.v1")], stamp=STAMP)
            outbox.append([draft("device.health.v1")], stamp=STAMP)  # the cheapest: it is not even kept
            for number in range(30):
                outbox.append([draft("stockout.opened.v1", episode=f"e-{number}")], stamp=STAMP)
        clock.now += 10
        outbox.tend()
        assert outbox.figures().drops == {"health": 1, "observation": 30}
        events = drain(outbox)
        assert outbox.figures().last_seq == 1 + MOST_EVENTS + 1 + 30 + 2
    notices = [one["data"] for one in events if one["type"] == "outbox.dropped.v1"]
    assert sorted((one["kind"], one["ranges"], one["reason"]) for one in notices) == [
        ("health", [[2, 2]], "the disk took nothing"),
        ("observation", [[3, 32]], "the disk took nothing"),
    ]
    assert sum(one["type"] == "stockout.opened.v1" for one in events) == 30
    assert len({one["seq"] for one in events}) == len(events) == 1 + MOST_EVENTS - 30 + 30 + 2


def test_receipts_hold_although_they_cannot_be_written_down(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
        with no_write():
            assert len(drain(outbox)) == 2
            clock.now += 3600
            outbox.tend()
            assert outbox.depth == 0
            assert outbox.due() == []
        clock.now += 10
        outbox.tend()
    with open_outbox(path) as outbox:
        assert outbox.depth == 0


def test_a_command_is_answered_once_although_its_answer_cannot_be_written_down(path: Path) -> None:
    with open_outbox(path) as outbox:
        with no_write():
            assert outbox.answers.keep("c-1", "one") == "one"
            assert outbox.answers.keep("c-1", "two") == "one"
            assert outbox.answers.get("c-1") == "one"
        outbox.answers.tend()
        assert isinstance(outbox.answers, AnswerBook)
    with open_outbox(path) as outbox:
        assert outbox.answers.get("c-1") == "one"


def test_a_photograph_that_cannot_be_kept_is_told_by_its_event(path: Path, tmp_path: Path) -> None:
    spool = EvidenceSpool(tmp_path / "evidence")
    with open_outbox(path, evidence=spool) as outbox:
        with no_write():
            sha256 = spool.put(b"\xff\xd8\xff of a shelf")
            outbox.append([draft("device.health.v1")], stamp=STAMP)  # by another thread, before the event comes
            outbox.append([draft("shelf.observed.v1", evidence=sha256)], stamp=STAMP)
        outbox.append([draft()], stamp=STAMP)
        events = drain(outbox)
    [notice] = [one["data"] for one in events if one["type"] == "outbox.dropped.v1"]
    assert notice == {"ranges": [[2, 2]], "kind": "evidence", "reason": "no room for evidence"}
    assert not list((tmp_path / "evidence").glob("*.part"))


def test_what_waits_is_written_at_the_end_if_the_disk_takes_it(path: Path) -> None:
    outbox = open_outbox(path)
    with no_write():
        outbox.append([draft()], stamp=STAMP, state={"step": "1"})
    outbox.close()
    with open_outbox(path) as outbox:
        assert outbox.depth == 1
        assert outbox.get_state("step") == "1"


UNIT = """
import json, sys
from pathlib import Path
from tests.edge.deliver.goods import STAMP, draft, open_outbox
outbox = open_outbox(Path(sys.argv[1]))
for line in sys.stdin:
    outbox.append([draft(seconds_open=float(line))], stamp=STAMP, state={"step": line.strip()})
    print(json.dumps([outbox.holding, outbox.depth, len(outbox.due()), outbox.figures().trouble]), flush=True)
"""


def test_a_file_system_that_turns_read_only_in_the_middle_ends_nothing(tmp_path: Path) -> None:
    with breakable_disk(tmp_path / "disk") as disk:
        child = subprocess.Popen(
            [sys.executable, "-c", UNIT, str(disk / "outbox.db")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

        def say(number: int) -> list[Any]:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdin.write(f"{number}\n")
            child.stdin.flush()
            found = child.stdout.readline()
            while found and not found.startswith("["):  # the log
                found = child.stdout.readline()
            answer: list[Any] = json.loads(found)
            return answer

        with child:
            try:
                assert say(1) == [False, 1, 1, ""]
                break_disk(disk)
                holding, depth, sent, trouble = say(2)
                assert (holding, depth, sent) == (True, 2, 0)
                assert trouble
                assert say(3)[1] == 3
            finally:
                child.kill()

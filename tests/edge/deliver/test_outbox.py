from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.contract.errors import DeliveryError
from edge.contract.events import Event
from edge.contract.receipts import Receipt, Refusal, RefusalReason
from edge.contract.refusal import read_event
from edge.contract.topics import Address
from tests.edge.contract.examples import EXAMPLES
from tests.edge.deliver.goods import ADDRESS, STAMP, Clock, draft, events_of, in_memory, open_outbox, padded, seqs_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from edge.deliver.batches import Batch
    from edge.deliver.outbox import Outbox


def receipt(outbox: Outbox, *spans: tuple[int, int]) -> Receipt:
    return Receipt(epoch=outbox.epoch, ranges=list(spans))


@pytest.fixture
def path() -> Iterator[Path]:
    with in_memory() as folder:
        yield folder / "outbox.db"


def test_numbers_count_up_by_one_from_one_and_go_on_after_a_restart(path: Path) -> None:
    with open_outbox(path) as outbox:
        assert outbox.append([draft(), draft()], stamp=STAMP) == [1, 2]
        epoch = outbox.epoch
        outbox.due()
        outbox.take_receipt(receipt(outbox, (1, 2)))
    with open_outbox(path) as outbox:
        assert outbox.epoch == epoch
        assert outbox.append([draft()], stamp=STAMP) == [3]


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_type_leaves_the_outbox_as_a_valid_event(path: Path, name: str) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft(name)], stamp=STAMP)
        [batch] = outbox.due()
        event = read_event(batch.body, ADDRESS)
        assert isinstance(event, Event)
        assert (event.type, event.data, event.epoch, event.seq) == (name, EXAMPLES[name].data, outbox.epoch, 1)


def test_an_event_has_the_same_bytes_every_time_it_is_sent(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft("shelf.observed.v1")], stamp=STAMP)
        [first] = outbox.due()
        clock.now += 100
        [second] = outbox.due()
    with open_outbox(path) as outbox:
        [third] = outbox.due()
    assert first.body == second.body == third.body


def test_cursors_move_with_the_events_or_not_at_all(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP, state={"cursor": "1"})
        with pytest.raises(DeliveryError, match="262144"):
            outbox.append([draft(), padded("shelf.observed.v1", 380_000)], stamp=STAMP, state={"cursor": "2"})
        assert outbox.get_state("cursor") == "1"
        assert outbox.get_state("never") is None
        assert outbox.append([draft()], stamp=STAMP) == [2]
        assert seqs_of(outbox.due()) == [1, 2]


def test_a_receipt_ends_the_sending_of_what_it_names_and_of_nothing_else(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft() for _ in range(6)], stamp=STAMP)
        outbox.due()
        assert outbox.take_receipt(receipt(outbox, (2, 3), (6, 6))).stored == 3
        clock.now += 1000
        assert seqs_of(outbox.due()) == [1, 4, 5]


def test_numbers_never_sent_and_unknown_epochs_are_ignored(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP)
        assert not outbox.take_receipt(receipt(outbox, (1, 2**53 - 1))).any
        outbox.due()
        stranger = Receipt(epoch="f" * 32, ranges=[(1, 1)], refused=[], conflicts=[1])
        assert not outbox.take_receipt(stranger).any
        assert outbox.count() == {"waiting": 1, "receipted": 0, "refused": 0}


def test_what_an_earlier_life_may_have_sent_can_be_receipted_before_it_is_sent_again(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP)
        outbox.due()
    with open_outbox(path) as outbox:
        assert outbox.take_receipt(receipt(outbox, (1, 1))).stored == 1
        assert outbox.due() == []


def test_after_a_restart_everything_unreceipted_is_due_at_once_within_the_window(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft() for _ in range(300)], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(receipt(outbox, (1, 10)))
    with open_outbox(path) as outbox:
        assert seqs_of(outbox.due()) == list(range(11, 267))  # 256 of them
        assert seqs_of(outbox.due()) == []
        outbox.take_receipt(receipt(outbox, (11, 266)))
        assert seqs_of(outbox.due()) == list(range(267, 301))


def test_a_refused_event_is_sent_no_more_but_kept_for_resend(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
        outbox.due()
        taken = outbox.take_receipt(
            Receipt(epoch=outbox.epoch, refused=[Refusal(seq=1, reason=RefusalReason.INVALID, detail="why")])
        )
        assert [refusal.seq for refusal in taken.refused] == [1]
        clock.now += 1000
        assert seqs_of(outbox.due()) == [2]
        assert outbox.resend(outbox.epoch, [(1, 1)]) == (((1, 1),), ())
        assert seqs_of(outbox.due()) == [1]


def test_resend_sends_what_is_kept_and_names_what_is_gone(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft() for _ in range(4)], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(receipt(outbox, (1, 2)))
        clock.now += 49 * 3600  # beyond the 48 hours that receipted events stay
        outbox.append([draft()], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(receipt(outbox, (3, 4)))
        sent, dropped = outbox.resend(outbox.epoch, [(2, 3), (4, 4), (900, 950)])
        assert sent == ((3, 4),)
        assert dropped == ((2, 2),)  # 900 to 950 never were
        assert seqs_of(outbox.due()) == [3, 4]
        assert outbox.take_receipt(receipt(outbox, (3, 4))).stored == 2
        assert outbox.resend("f" * 32, [(1, 5)]) == ((), ((1, 5),))


def test_a_conflict_gives_only_that_event_a_new_key_in_a_new_epoch(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft(seconds_open=float(n)) for n in range(4)], stamp=STAMP)
        before = events_of(outbox.due())
        old = outbox.epoch
        taken = outbox.take_receipt(Receipt(epoch=old, ranges=[(1, 1)], conflicts=[2, 3]))
        assert (taken.stored, taken.conflicts, taken.rotated) == (1, 2, True)
        assert outbox.epoch != old
        again = events_of(outbox.due())
        assert [(one["epoch"], one["seq"]) for one in again] == [(outbox.epoch, 1), (outbox.epoch, 2)]
        assert [one["data"] for one in again] == [one["data"] for one in before[1:3]]
        assert {one["time"] for one in again} == {before[0]["time"]}
        # Event 4 waits under its old key, and a receipt for that still holds.
        assert outbox.take_receipt(Receipt(epoch=old, ranges=[(4, 4)])).stored == 1
        assert outbox.append([draft()], stamp=STAMP) == [3]
        assert outbox.take_receipt(receipt(outbox, (1, 2))).stored == 2


def test_reissued_events_are_valid_and_survive_a_restart(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft("shelf.observed.v1")], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=outbox.epoch, conflicts=[1]))
        epoch = outbox.epoch
    with open_outbox(path) as outbox:
        assert outbox.epoch == epoch
        [batch] = outbox.due()
        event = read_event(batch.body, ADDRESS)
        assert isinstance(event, Event)
        assert (event.epoch, event.seq, event.data) == (epoch, 1, EXAMPLES["shelf.observed.v1"].data)


def test_conflicts_in_an_old_epoch_begin_no_further_one(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft(), draft()], stamp=STAMP)
        outbox.due()
        old = outbox.epoch
        outbox.take_receipt(Receipt(epoch=old, conflicts=[1]))
        second = outbox.epoch
        assert not outbox.take_receipt(Receipt(epoch=old, conflicts=[2])).rotated
        assert outbox.epoch == second
        assert seqs_of(outbox.due()) == [1, 2]


def test_an_event_that_conflicts_again_and_again_waits_longer_each_time(path: Path) -> None:
    clock = Clock()
    with open_outbox(path, clock=clock) as outbox:
        outbox.append([draft()], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=outbox.epoch, conflicts=[1]))
        assert seqs_of(outbox.due()) == [1]  # the first time at once
        outbox.take_receipt(Receipt(epoch=outbox.epoch, conflicts=[1]))
        assert outbox.due() == []
        clock.now += 80
        assert seqs_of(outbox.due()) == [1]


def test_a_number_that_is_both_receipted_and_in_conflict_is_issued_anew(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP)
        outbox.due()
        outbox.take_receipt(Receipt(epoch=outbox.epoch, ranges=[(1, 9)], conflicts=[1]))
        assert outbox.count()["waiting"] == 1


def test_a_damaged_file_is_set_aside_and_a_new_epoch_begun(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft()], stamp=STAMP)
        epoch = outbox.epoch
    path.write_bytes(b"no database at all, but a good deal of text" * 100)
    with open_outbox(path) as outbox:
        assert outbox.set_aside == path.with_name("outbox.db.corrupt-1")
        assert outbox.set_aside.read_bytes().startswith(b"no database")
        assert outbox.epoch != epoch
        assert outbox.append([draft()], stamp=STAMP) == [1]
    path.write_bytes(b"again" * 1000)
    with open_outbox(path) as outbox:
        assert outbox.set_aside == path.with_name("outbox.db.corrupt-2")


def test_a_page_of_rubbish_inside_the_file_is_noticed(path: Path) -> None:
    with open_outbox(path) as outbox:
        outbox.append([draft() for _ in range(200)], stamp=STAMP)
    content = bytearray(path.read_bytes())
    content[5 * 4096 : 12 * 4096] = b"\xa5" * (7 * 4096)
    path.write_bytes(content)
    with open_outbox(path) as outbox:
        assert outbox.set_aside is not None
        assert outbox.figures().last_seq == 0


def test_two_agents_cannot_send_the_same_outbox(path: Path) -> None:
    with open_outbox(path), pytest.raises(DeliveryError, match="another agent"):
        open_outbox(path)


def test_another_devices_outbox_is_refused(path: Path) -> None:
    with open_outbox(path):
        pass
    with pytest.raises(DeliveryError, match="acme/dev-1, not of acme/dev-2"):
        open_outbox(path, address=Address("acme", "store-1", "dev-2"))
    # A device that moved to another store keeps its outbox.
    with open_outbox(path, address=Address("acme", "store-2", "dev-1")) as outbox:
        assert outbox.append([draft()], stamp=STAMP) == [1]


def test_the_figures_of_the_health_event(path: Path) -> None:
    with open_outbox(path) as outbox:
        assert outbox.figures().oldest_unreceipted is None
        outbox.append([draft(), draft("shelf.observed.v1")], stamp=STAMP)
        figures = outbox.figures()
        assert (figures.depth, figures.last_seq, figures.drops) == (2, 2, {})
        assert figures.oldest_unreceipted == EXAMPLES["cooler.door.v1"].time
        assert figures.octets > sum(len(batch.body) for batch in outbox.due())
        outbox.take_receipt(receipt(outbox, (1, 2)))
        assert (outbox.figures().depth, outbox.figures().octets) == (0, 0)


def test_an_answer_is_kept_and_the_first_one_holds(path: Path) -> None:
    with open_outbox(path) as outbox:
        assert outbox.answers.keep("c-1", "one") == "one"
        assert outbox.answers.keep("c-1", "two") == "one"
    with open_outbox(path) as outbox:
        assert outbox.answers.get("c-1") == "one"
        assert outbox.answers.get("c-2") is None


WRITER = """
import sys
from pathlib import Path
from tests.edge.deliver.goods import STAMP, draft, open_outbox
outbox = open_outbox(Path(sys.argv[1]))
while True:
    at = int(outbox.get_state("cursor") or 0)
    drafts = [draft(seconds_open=float(at)), draft(seconds_open=at + 0.5)]
    outbox.append(drafts, stamp=STAMP, state={"cursor": str(at + 1)})
    print(at, flush=True)
"""


def test_a_kill_between_any_two_lines_leaves_cursor_and_events_in_step(path: Path) -> None:
    for pause in (0.05, 0.11, 0.17):
        with subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(pause)
            child.kill()
    with open_outbox(path) as outbox:
        cursor = int(outbox.get_state("cursor") or 0)
        said = [one["data"]["seconds_open"] for one in everything(outbox)]
    assert cursor >= 3
    assert said == [step for at in range(cursor) for step in (at, at + 0.5)]


def everything(outbox: Outbox) -> list[dict[str, Any]]:
    """All events that wait, as a collector would get them."""
    found = []
    while batches := outbox.due():
        found += events_of(batches)
        outbox.take_receipts([Receipt(epoch=batch.epoch, ranges=list(batch.seqs)) for batch in batches])
    return found


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.integers(1, 4), st.just(0)),
        st.tuples(st.just("receipt"), st.integers(1, 12), st.integers(0, 5)),
        st.tuples(st.just("conflict"), st.integers(1, 12), st.just(0)),
        st.tuples(st.just("resend"), st.integers(1, 12), st.integers(0, 3)),
        st.tuples(st.just("wait"), st.integers(1, 900), st.just(0)),
        st.tuples(st.just("restart"), st.just(0), st.just(0)),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None)
@given(steps=STEPS)
def test_whatever_happens_each_event_waits_until_it_is_answered(steps: list[tuple[str, int, int]]) -> None:
    with in_memory() as folder:
        path, clock = folder / "o.db", Clock()
        outbox = open_outbox(path, clock=clock)
        appended, answered, sent = 0, set[float](), dict[tuple[str, int], float]()

        def send(batches: list[Batch]) -> None:
            for one in events_of(batches):
                sent[one["epoch"], one["seq"]] = one["data"]["seconds_open"]

        for name, number, more in steps:
            match name:
                case "append":
                    drafts = [draft(seconds_open=float(appended + n)) for n in range(number)]
                    outbox.append(drafts, stamp=STAMP)
                    appended += number
                    send(outbox.due())
                case "receipt":
                    answered |= {
                        sent[outbox.epoch, n] for n in range(number, number + more + 1) if (outbox.epoch, n) in sent
                    }
                    outbox.take_receipt(receipt(outbox, (number, number + more)))
                case "conflict":
                    outbox.take_receipt(Receipt(epoch=outbox.epoch, conflicts=[number]))
                    send(outbox.due())
                case "resend":
                    outbox.resend(outbox.epoch, [(number, number + more)])
                case "wait":
                    clock.now += number
                    send(outbox.due())
                case _:
                    outbox.close()
                    outbox = open_outbox(path, clock=clock)
        outbox.close()
        with open_outbox(path, clock=clock) as outbox:
            left = [one["data"]["seconds_open"] for one in everything(outbox)]
        assert len(left) == len(set(left))
        assert set(left) | answered == {float(n) for n in range(appended)}

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from edge.contract import ranges
from edge.contract.events import MAX_EVENT_BYTES
from edge.deliver.batches import MOST_EVENTS, Body, gather

BODIES = st.lists(
    st.tuples(st.sampled_from(["a" * 32, "b" * 32]), st.integers(0, 400), st.booleans(), st.booleans()), max_size=40
)


def body(row: int, *, epoch: str = "a" * 32, size: int = 10, live: bool = False, alone: bool = False) -> Body:
    return Body(row, epoch, row + 1, json.dumps("x" * size).encode(), live=live, alone=alone)


@given(shapes=BODIES, most=st.integers(1, 1500))
def test_no_event_is_lost_or_moved_and_no_array_is_too_long(
    shapes: list[tuple[str, int, bool, bool]], most: int
) -> None:
    bodies = [
        body(row, epoch=epoch, size=size, live=live, alone=alone)
        for row, (epoch, size, live, alone) in enumerate(shapes)
    ]
    batches = gather(bodies, most_octets=most)
    assert [row for batch in batches for row in batch.rows] == list(range(len(bodies)))
    for batch in batches:
        members = [bodies[row] for row in batch.rows]
        assert {one.epoch for one in members} == {batch.epoch}
        assert batch.seqs == ranges.from_numbers(one.seq for one in members)
        assert {not one.live for one in members} == {batch.replayed}
        if len(members) == 1:
            assert batch.body == members[0].body
        else:
            assert json.loads(batch.body) == [json.loads(one.body) for one in members]
            assert len(batch.body) <= most
            assert not any(one.live or one.alone for one in members)


def test_an_array_has_a_bounded_number_of_events() -> None:
    batches = gather([body(row) for row in range(250)])
    assert [len(batch.rows) for batch in batches] == [MOST_EVENTS, MOST_EVENTS, 50]


def test_an_array_fits_into_256_kb() -> None:
    batches = gather([body(row, size=5000) for row in range(100)])
    assert len(batches) == 2
    assert max(len(batch.body) for batch in batches) <= MAX_EVENT_BYTES


def test_a_single_event_names_its_number_and_an_array_does_not() -> None:
    [single] = gather([body(4, live=True)])
    assert dict(single.properties) == {"epoch": "a" * 32, "seq": "5", "replayed": "false"}
    [array] = gather([body(4), body(5)])
    assert dict(array.properties) == {"epoch": "a" * 32, "replayed": "true"}

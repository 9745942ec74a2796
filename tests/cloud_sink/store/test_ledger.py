from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_sink.store import ledger
from cloud_sink.store.database import Database, open_database, reading, writing
from cloud_sink.store.tables import metadata
from edge.contract import ranges as ranged

ONE, TWO = ("acme", "d1", "ab" * 16), ("acme", "d2", "ab" * 16)
numbers = st.lists(st.sets(st.integers(1, 40), max_size=8), max_size=8)


def in_memory() -> Database:
    engine = open_database("sqlite://")
    metadata.create_all(engine)
    return engine


@settings(max_examples=40, deadline=None)
@given(batches=numbers)
def test_the_ledger_holds_what_was_entered_as_ranges_that_neither_meet_nor_touch(batches: list[set[int]]) -> None:
    engine = in_memory()
    entered: set[int] = set()
    for batch in batches:
        with writing(engine) as connection:
            ledger.add(connection, "taken", {ONE: ranged.from_numbers(batch)})
        entered |= batch
    with reading(engine) as connection:
        assert ledger.read(connection, "taken", {ONE: (1, 100)}) == {ONE: ranged.from_numbers(entered)}
    engine.dispose()


@settings(max_examples=40, deadline=None)
@given(taken=st.sets(st.integers(1, 30)), refused=st.sets(st.integers(1, 30)), dropped=st.sets(st.integers(1, 30)))
def test_holes_are_what_was_neither_taken_nor_refused_nor_dropped(
    taken: set[int], refused: set[int], dropped: set[int]
) -> None:
    engine = in_memory()
    with writing(engine) as connection:
        ledger.add(connection, "taken", {ONE: ranged.from_numbers(taken), TWO: ((1, 5),)})
        ledger.add(connection, "refused", {ONE: ranged.from_numbers(refused)})
        ledger.add(connection, "dropped", {ONE: ranged.from_numbers(dropped)})
    known = taken | refused | dropped
    missing = set(range(1, max(known, default=0) + 1)) - known
    with reading(engine) as connection:
        assert ledger.holes(connection) == ({ONE: ranged.from_numbers(missing)} if missing else {})
    engine.dispose()


def test_a_reading_of_many_sequences_is_split(database: Database) -> None:
    many = {("acme", f"d{n}", "ab" * 16): ((n, n),) for n in range(1, 351)}
    with writing(database) as connection:
        ledger.add(connection, "taken", many)
    with reading(database) as connection:
        found = ledger.read(connection, "taken", {sequence: ranges[0] for sequence, ranges in many.items()})
    assert found == many


def test_of_each_device_the_first_holes_are_enough(database: Database) -> None:
    odd = ranged.from_numbers(range(2, 1000, 2))
    again = ("acme", "d1", "cd" * 16)
    with writing(database) as connection:
        ledger.add(connection, "taken", {ONE: odd, again: odd, TWO: ((5, 9),)})
    with reading(database) as connection:
        assert ledger.holes(connection, most=3) == {ONE: ((1, 1), (3, 3), (5, 5)), TWO: ((1, 4),)}
        assert sum(map(len, ledger.holes(connection).values())) == 499 + 499 + 1


def test_one_far_number_does_not_disturb_the_others(database: Database) -> None:
    with writing(database) as connection:
        ledger.add(connection, "taken", {ONE: ((1, 3), (2**53 - 1, 2**53 - 1))})
    with reading(database) as connection:
        assert ledger.holes(connection) == {ONE: ((4, 2**53 - 2),)}

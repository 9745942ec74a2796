"""What people say of facings, and the sums that follow."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from cloud_sink.store import corrections
from cloud_sink.store.corrected import Correction, corrected, count_facings, standing_before
from cloud_sink.store.database import Database, reading, writing
from cloud_sink.store.intake import take
from cloud_sink.store.tables import fixture_day, sku_day
from edge.contract.payloads import FacingRecord, ShelfObserved
from tests.cloud_sink.words import EPOCH, START, facing, fact, observed

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook

NOW = datetime(2026, 3, 20, tzinfo=UTC)
KEY = ("acme", "d1", EPOCH, 1)


def seen(facings: list[dict[str, Any]], **more: Any) -> ShelfObserved:
    return ShelfObserved.model_validate(observed(1, facings, **more)["data"])


def said(place: int, standing: Any, sku: str | None = None, *, was: Any = None, box: Any = None) -> Correction:
    record = None
    if box is not None:
        status = "recognised" if sku else "unknown"
        record = FacingRecord(box=box, shelf=1, position=9, sku=sku, status=status, score=1.0)
    return Correction("acme", "s1", "d1", EPOCH, 1, "f1", place, was, standing, sku, record, NOW, "mai")


def kpis(payload: ShelfObserved) -> dict[str, int]:
    told = payload.counted_kpis
    return {
        name: getattr(told, name) for name in ("facings", "own", "foreign", "unknown", "unsure", "gaps", "assortment")
    }


def test_an_unknown_facing_that_is_own_raises_own_and_assortment() -> None:
    now = corrected(seen([facing(None, status="unknown"), facing("a")]), [said(0, "own", "b", was="unknown")])
    assert kpis(now) == {
        "facings": 2, "own": 2, "foreign": 0, "unknown": 0, "unsure": 0, "gaps": 0, "assortment": 2,
    }  # fmt: skip
    assert [one.sku for one in now.counted_facings] == ["b", "a"]


def test_a_second_facing_of_a_sku_is_no_more_assortment() -> None:
    now = corrected(seen([facing(None, status="unknown"), facing("a")]), [said(0, "own", "a", was="unknown")])
    assert (kpis(now)["own"], kpis(now)["assortment"]) == (2, 1)


def test_what_is_no_facing_leaves_all_counts() -> None:
    now = corrected(seen([facing("a"), facing("b")], own=1), [said(1, "removed", was="foreign")])
    assert kpis(now) | {} == {
        "facings": 1, "own": 1, "foreign": 0, "unknown": 0, "unsure": 0, "gaps": 0, "assortment": 2,
    }  # fmt: skip


def test_a_missed_facing_fills_the_gap_in_which_it_stands() -> None:
    before = seen([facing("a")], gaps=2)  # both lie at [0, 0, 0.1, 0.1]
    elsewhere = corrected(before, [said(1, "own", "a", box=[0.5, 0.5, 0.6, 0.6])])
    there = corrected(before, [said(1, "own", "a", box=[0.0, 0.0, 0.08, 0.1])])
    assert (kpis(elsewhere)["gaps"], kpis(there)["gaps"]) == (2, 0)
    assert (kpis(there)["facings"], kpis(there)["own"]) == (2, 2)


def test_of_several_corrections_the_last_holds_and_one_can_be_taken_back() -> None:
    before = seen([facing("a"), facing("b")])
    wrong = said(0, "foreign", "z", was="own")
    back = said(0, "own", "a", was="own")
    assert kpis(corrected(before, [wrong])) != kpis(before)
    assert kpis(corrected(before, [wrong, back])) == kpis(before)


def test_an_added_facing_can_be_corrected_and_removed_again() -> None:
    before = seen([facing("a")])
    added = said(1, "own", "b", box=[0.5, 0.5, 0.6, 0.6])
    assert count_facings(before, [added]) == 2
    renamed = corrected(before, [added, said(1, "foreign", "z", box=[0.5, 0.5, 0.6, 0.6])])
    assert [one.sku for one in renamed.counted_facings] == ["a", "z"]
    assert (kpis(renamed)["own"], kpis(renamed)["foreign"]) == (1, 1)
    assert kpis(corrected(before, [added, said(1, "removed")])) == kpis(before)


def test_only_the_device_knew_whose_a_facing_is_and_its_counts_bind() -> None:
    mixed = seen([facing("a"), facing("b")], own=1)
    assert standing_before(mixed, 0, [], is_own=True) == "own"
    assert standing_before(mixed, 0, [], is_own=False) == "foreign"
    assert standing_before(mixed, 1, [said(0, "removed", was="own")], is_own=True) == "foreign"  # one own, and told
    assert standing_before(seen([facing("a")]), 0, [], is_own=False) == "own"  # the device saw no foreign one


def compliant(**changes: Any) -> ShelfObserved:
    """Planned: two of a, one of b; seen: a, a, and something unknown where b should be."""
    event = observed(1, [facing("a"), facing("a"), facing(None, status="unknown")], planned={"a": 2, "b": 1})
    ratio = {"part": 2, "whole": 3}
    event["data"]["kpis"]["compliance"] = dict.fromkeys(("present", "shelf", "order", "facings"), ratio)
    event["data"]["deviations"] = [{"kind": "missing", "sku": "b", "shelf": 1, "planned": 1}]
    event["data"] |= changes
    return ShelfObserved.model_validate(event["data"])


def parts(payload: ShelfObserved) -> list[int]:
    told = payload.counted_kpis.compliance
    assert told is not None
    return [told.present.part, told.shelf.part, told.order.part, told.facings.part]


def test_a_planned_sku_that_was_not_recognised_complies() -> None:
    assert parts(corrected(compliant(), [said(2, "own", "b", was="unknown")])) == [3, 3, 3, 3]


def test_where_the_plan_does_not_lack_it_it_is_only_present() -> None:
    elsewhere = [{"kind": "missing", "sku": "b", "shelf": 4, "planned": 1}]
    assert parts(corrected(compliant(deviations=elsewhere), [said(2, "own", "b", was="unknown")])) == [3, 2, 2, 2]


def test_a_planned_facing_that_was_none_lowers_facings_only_while_another_stands() -> None:
    one = said(0, "removed", was="own")
    assert parts(corrected(compliant(), [one])) == [2, 2, 2, 1]
    assert parts(corrected(compliant(), [one, said(1, "removed", was="own")])) == [0, 0, 0, 0]


def stored(database: Database) -> dict[str, Any]:
    with reading(database) as connection:
        return {
            table.name: sorted(
                tuple(row) for row in connection.execute(select(table)) if any(isinstance(v, int) and v for v in row)
            )
            for table in (fixture_day, sku_day)
        }


def say(database: Database, made: Correction) -> Correction:
    with writing(database) as connection:
        return corrections.apply(connection, KEY, lambda *_: made)


def test_sums_are_those_of_a_device_that_saw_it_so(database: Database, stores: StoreBook) -> None:
    shown = [facing("a"), facing("b"), facing(None, status="unknown")]
    right = observed(1, [facing("a"), facing("c"), facing("d")], own=2)
    right["data"]["kpis"]["assortment"] = 2  # own SKUs: d is foreign
    with writing(database) as connection:
        take(connection, [fact(right), fact(observed(2, shown))], [], stores=stores, received=NOW)
    wanted = stored(database)
    with writing(database) as connection:
        for table in (fixture_day, sku_day):
            connection.execute(table.delete())
    other = [fact(observed(1, shown, epoch="ef" * 16)), fact(observed(2, shown, epoch="ef" * 16))]
    with writing(database) as connection:
        take(connection, other, [], stores=stores, received=NOW)
        key = ("acme", "d1", "ef" * 16, 1)
        for made in (said(1, "own", "c", was="own"), said(2, "foreign", "d", was="unknown")):
            changed = Correction(**{name: getattr(made, name) for name in Correction.__slots__} | {"epoch": "ef" * 16})
            corrections.apply(connection, key, lambda *_, one=changed: one)
    found = stored(database)
    assert found == wanted


def test_a_corrected_event_that_is_dated_anew_takes_its_correction_along(database: Database, stores: StoreBook) -> None:
    late = observed(1, [facing("a"), facing(None, status="unknown")], clock="unsynced", up=10)
    with writing(database) as connection:
        take(connection, [fact(late)], [], stores=stores, received=NOW)
    say(database, said(1, "foreign", "z", was="unknown"))
    synced = observed(2, [facing("a")], up=20, at=START + timedelta(days=1))
    with writing(database) as connection:
        take(connection, [fact(synced)], [], stores=stores, received=NOW)
    with reading(database) as connection:
        rows = connection.execute(select(fixture_day.c.day, fixture_day.c.foreign, fixture_day.c.unknown)).all()
    assert Counter({row.day.isoformat(): row.foreign for row in rows}) == Counter({"2026-03-15": 1, "2026-03-20": 0})
    assert all(row.unknown == 0 for row in rows)


def test_what_is_not_stored_cannot_be_corrected(sqlite: Database) -> None:
    with pytest.raises(corrections.NothingToCorrect):
        say(sqlite, said(0, "removed", was="own"))


@given(
    st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["own", "foreign", "unknown", "removed"]), st.sampled_from("abz")),
        max_size=8,
    )
)
def test_counts_stay_counts_whatever_is_said(told: list[tuple[int, str, str]]) -> None:
    before = seen([facing("a"), facing("b"), facing(None, status="unknown"), facing("a", status="unsure")], own=1)
    known: list[Correction] = []
    for place, standing, sku in told:
        was = standing_before(before, place, known, is_own=sku == "a")
        first = next((one.was for one in known if one.facing == place), was)
        known.append(said(place, standing, sku if standing in {"own", "foreign"} else None, was=first))
        now = corrected(before, known)
        assert min(kpis(now).values()) >= 0
        ShelfObserved.model_validate(now.model_dump())  # adds up, and every recognised facing names its SKU

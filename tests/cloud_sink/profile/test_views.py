"""The profile of a fixture with two views, from the events of a real device: nothing is counted twice."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.profile.ask import ask_profile
from cloud_sink.store.database import Database, open_database, upgrade, writing
from cloud_sink.store.intake import take
from edge.contract.topics import Address
from tests.cloud_sink.words import fact
from tests.edge.device.floor import replay
from tests.edge.device.two_doors import one_door, two_doors, write_halves

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.model import FixtureProfile

MOMENTS = ("08-00", "08-20", "08-40")
ALONE = {"vote": {"captures": 1}, "must_stock": ["kolorila-mineral-bottle-500", "lurralos-lime-can-330"]}
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Database]:
    engine = open_database(f"sqlite:///{tmp_path / 'other.db'}")
    upgrade(engine)
    yield engine
    engine.dispose()


def profile(database: Database, stores: StoreBook, events: list[dict[str, Any]]) -> FixtureProfile:
    device = Address("acme", "store-1", "dev-1")
    with writing(database) as connection:
        take(connection, [fact(event, device=device) for event in events], [], stores=stores, received=NOW)
    (found,) = ask_profile(database, stores, {}, store="store-1", day=date(2026, 3, 14), now=NOW).fixtures
    return found


def test_two_views_make_the_profile_that_one_view_of_all_makes(
    database: Database, other: Database, stores: StoreBook, tmp_path: Path
) -> None:
    write_halves(tmp_path / "halves", MOMENTS)
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    two = profile(database, stores, replay(two_doors(tmp_path / "halves", **ALONE), tmp_path / "a"))
    one = profile(other, stores, replay(one_door(tmp_path / "whole", MOMENTS, **ALONE), tmp_path / "b"))
    assert (two.captures, one.captures) == (6, 3)  # each camera's own: completeness is by camera
    kpis, alone = two.goods.kpis, one.goods.kpis
    assert kpis.facings is not None
    assert alone.facings is not None
    assert kpis.facings.all == pytest.approx(alone.facings.all, abs=1)
    assert kpis.assortment == pytest.approx(alone.assortment, abs=1)
    assert kpis.must_stock is not None
    assert alone.must_stock is not None
    assert kpis.must_stock.whole == alone.must_stock.whole == 6
    assert kpis.compliance is not None
    assert alone.compliance is not None
    assert kpis.compliance.facings.whole == pytest.approx(alone.compliance.facings.whole, rel=0.2)
    planned = {line.sku: line.planned for line in one.goods.skus if line.planned}
    assert {line.sku: line.planned for line in two.goods.skus if line.planned} == planned
    assert sum(planned.values()) == 41
    seen = {line.sku: line.facings for line in one.goods.skus}
    for line in two.goods.skus:
        assert line.facings <= seen.get(line.sku, 0) + 1


def test_a_view_that_is_away_for_a_while_leaves_the_plan_as_it_is(
    database: Database, stores: StoreBook, tmp_path: Path
) -> None:
    write_halves(tmp_path / "halves", MOMENTS, absent=MOMENTS[1:])
    events = replay(two_doors(tmp_path / "halves", **ALONE), tmp_path)
    goods = profile(database, stores, events).goods
    assert sum(line.planned for line in goods.skus if line.planned) == 41

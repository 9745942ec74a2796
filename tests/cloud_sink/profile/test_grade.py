from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from cloud_sink.fleet.settings import GradeSection
from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.goods_model import ComplianceKpi, GoodsKpis, PurityKpi, RatioKpi
from cloud_sink.profile.grade import grade
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from tests.cloud_sink.words import START, facing, fact, health, observed, rejected, stockout

if TYPE_CHECKING:
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.model import StoreProfile

NOW = datetime(2026, 3, 20, tzinfo=UTC)
SHARES = st.none() | st.floats(0, 1)


def kpis(
    osa: float | None = None,
    compliance: float | None = None,
    must: float | None = None,
    purity: float | None = None,
    occupancy: float | None = None,
) -> GoodsKpis:
    def ratio(value: float) -> RatioKpi:
        return RatioKpi(value=value, part=0, whole=1)

    level = None if compliance is None else ratio(compliance)
    return GoodsKpis(
        facings=None,
        purity=None if purity is None else PurityKpi(value=purity, low=0, high=1),
        occupancy=occupancy,
        assortment=None,
        must_stock=None if must is None else ratio(must),
        compliance=None if level is None else ComplianceKpi(present=level, shelf=level, order=level, facings=level),
        osa=osa,
    )


def test_a_perfect_store_is_an_a_and_misses_nothing() -> None:
    found = grade(kpis(1, 1, 1, 1, 1), GradeSection())
    assert (found.letter, found.covered) == ("A", 1)
    assert found.score == pytest.approx(100)
    assert sum(part.missing for part in found.parts) == pytest.approx(0)


def test_what_weighs_most_and_is_worst_comes_first() -> None:
    found = grade(kpis(osa=0.8, compliance=0.4, must=1, purity=0.9, occupancy=0.5), GradeSection())
    assert found.score == pytest.approx(35 * 0.8 + 25 * 0.4 + 15 + 15 * 0.9 + 10 * 0.5)
    assert (found.letter, found.bounds) == ("B", {"A": 85, "B": 70, "C": 50})
    assert found.to_next == pytest.approx(85 - 71.5)
    assert [part.kpi for part in found.parts] == ["compliance", "osa", "occupancy", "purity", "must_stock"]


def test_a_dark_store_has_no_grade() -> None:
    assert grade(kpis(), GradeSection()).letter is None
    only_purity = grade(kpis(purity=1), GradeSection())
    assert (only_purity.letter, only_purity.covered) == (None, 0.15)
    assert grade(kpis(purity=1), GradeSection(least_covered=0.1)).letter == "A"


@given(values=st.tuples(SHARES, SHARES, SHARES, SHARES, SHARES))
def test_points_and_what_is_missing_make_a_hundred(values: tuple[float | None, ...]) -> None:
    found = grade(kpis(*values), GradeSection(least_covered=0))
    if found.score is not None:
        assert 0 <= found.score <= 100 + 1e-9
        assert found.score + sum(part.missing for part in found.parts) == pytest.approx(100)


@pytest.mark.parametrize(
    ("broken", "why"),
    [
        ({"a": 50, "b": 70}, "a, b and c must fall"),
        ({"weights": dict.fromkeys(("osa", "compliance", "must_stock", "purity", "occupancy"), 0)}, "more than 0"),
        ({"weights": {"osa": -1}}, "greater than or equal to 0"),
    ],
)
def test_settings_that_grade_nothing_are_refused(broken: dict[str, Any], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        GradeSection.model_validate(broken)


def ask(database: Database, stores: StoreBook, events: list[dict[str, Any]]) -> StoreProfile:
    with writing(database) as connection:
        take(connection, [fact(event) for event in events], [], stores=stores, received=NOW)
    return ask_profile(database, stores, {}, store="s1", day=START.date(), now=NOW)


def test_the_day_s_work_is_ranked_with_its_proof(database: Database, stores: StoreBook) -> None:
    shown = [facing("cola"), facing("rival"), facing("water")]
    events = [
        observed(n, shown, own=2, planned={"cola": 2, "lime": 1}, at=START + timedelta(minutes=30 * n))
        for n in range(1, 21)
    ]
    last = events[-1]["data"]
    last["evidence"] = "ab" * 32
    last["deviations"] = [
        {"kind": "missing", "sku": "lime", "planned": 1},
        {"kind": "too_few", "sku": "cola", "planned": 2, "seen": 1},
    ]
    events += [
        stockout(21, "lime", START + timedelta(hours=2), at=START + timedelta(hours=3)),
        stockout(22, "cola", START, START + timedelta(hours=1), at=START + timedelta(hours=1), episode="e2"),
        health(23, 60, at=START),
        *(rejected(n, reason="fogged", at=START + timedelta(hours=1)) for n in range(24, 30)),
    ]
    found = ask(database, stores, events)
    assert found.grade.score is not None
    by_kind = {action.kind: action for action in found.todo}
    assert [action.points for action in found.todo] == sorted((one.points for one in found.todo), reverse=True)
    assert set(by_kind) == {"refill", "remove_foreign", "reset_planogram", "repair_camera"}
    assert (by_kind["refill"].sku, by_kind["refill"].evidence) == ("lime", "ab" * 32)  # cola is back
    assert by_kind["remove_foreign"].count == 1
    assert by_kind["reset_planogram"].count == 1  # lime is sold out: that is refilled
    assert (by_kind["repair_camera"].count, by_kind["repair_camera"].name) == (40, "fogged")
    assert (by_kind["repair_camera"].capture, by_kind["repair_camera"].event) == ("c29", events[-1]["id"])
    assert by_kind["refill"].event == events[19]["id"]


def test_where_all_is_well_nothing_is_to_be_done(database: Database, stores: StoreBook) -> None:
    events = [
        observed(n, [facing("cola")], planned={"cola": 1}, at=START + timedelta(minutes=30 * n)) for n in range(1, 5)
    ]
    assert ask(database, stores, events).todo == []

"""Stores beside each other: every figure is the one of the store's own profile."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from cloud_sink.fleet.settings import SinkConfig
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.measure import WORKED_OUT, Yardstick, quantile
from cloud_sink.profile.ranking import ask_groups, ask_ranking, ask_standing
from cloud_sink.profile.settle import settle_all
from cloud_sink.store.database import Database, writing
from cloud_sink.store.intake import take
from edge.contract.topics import Address
from tests.cloud_sink.words import START, facing, fact, health, observed, stockout, traffic

if TYPE_CHECKING:
    from cloud_sink.profile.ranking_model import Ranking

NOW = datetime(2026, 3, 20, tzinfo=UTC)
FIRST, LAST = date(2026, 3, 14), date(2026, 3, 15)
CITIES = ("Hue", "Hue", "Hue", "Hue", "Da Nang", None)
HOURS = {"opens": "08:00", "closes": "22:00", "day_starts": "04:00"}
CONFIG = SinkConfig.model_validate(
    {
        "tags": {"busy-and-empty": "footfall >= p75 and osa < 0.9", "unsold": "purity > 2"},
        "stores": [
            {
                "tenant": "acme",
                "id": f"s{n}",
                "name": f"Store {n}",
                "zone": "Asia/Ho_Chi_Minh",
                "hours": HOURS,
                "city": city,
                "channel": "kiosk",
                "chain": "Mart" if n < 5 else None,
            }
            for n, city in enumerate(CITIES)
        ],
    }
)
STORES = StoreBook(CONFIG.stores)
YARDSTICK = Yardstick.of(CONFIG)


def told(n: int) -> list[dict[str, Any]]:
    """Store n is out of lime for n hours of each of two days, and has n foreign facings; the last counts nobody."""
    device = Address("acme", f"s{n}", f"d{n}")
    found: list[dict[str, Any]] = []
    for day in range(2):
        for step in range(28):
            at = START + timedelta(days=day, minutes=30 * step)
            shown = [facing("cola")] * 4 + [facing("rival")] * n + ([] if step < 2 * n else [facing("lime")])
            found.append(
                observed(
                    len(found) + 1, shown, own=len(shown) - n, planned={"cola": 4, "lime": 1}, at=at, device=device
                )
            )
        begun = START + timedelta(days=day)
        if n:
            until = begun + timedelta(hours=n)
            found.append(stockout(len(found) + 1, "lime", begun, until, episode=f"e{day}", at=until, device=device))
        found.append(health(len(found) + 1, 28, day=f"2026-03-{14 + day}", at=begun, device=device))
        if n < 5:
            came = traffic(len(found) + 1, begun, fixture=None, into=10 * (n + 1))
            found.append({**came, "source": device.source})
    return found


def take_in(database: Database, *, until: int = 6, settle: bool = True) -> None:
    with writing(database) as connection:
        for n in range(until):
            device = Address("acme", f"s{n}", f"d{n}")
            take(connection, [fact(one, device=device) for one in told(n)], [], stores=STORES, received=NOW)
    if settle:
        settle_all(database, STORES)


def rank(database: Database, **more: Any) -> Ranking:
    asked: dict[str, Any] = {"tenant": "acme", "since": FIRST, "until": LAST, "now": NOW, **more}
    return ask_ranking(database, STORES, YARDSTICK, **asked)


def test_the_worst_comes_first_with_the_figures_of_its_profile(database: Database) -> None:
    take_in(database)
    found = rank(database)
    assert [one.store for one in found.stores] == ["s5", "s4", "s3", "s2", "s1", "s0"]
    assert [one.rank for one in found.stores] == [1, 2, 3, 4, 5, 6]
    for one in found.stores:
        n = int(one.store[1])
        assert one.figures.osa == pytest.approx(1 - n / 28)
        assert one.figures.purity == pytest.approx((140 - 2 * n) / (140 - 2 * n + 28 * n))
        profile = ask_profile(database, STORES, {}, store=one.store, since=FIRST, day=LAST, now=NOW)
        assert profile.figures == one.figures
        assert profile.grade.letter == one.letter
        assert profile.grade.score == pytest.approx(one.score)


def test_what_still_waits_is_worked_out_by_who_asks(database: Database) -> None:
    take_in(database, until=5, settle=False)
    waiting = rank(database)
    assert waiting.waiting == 0
    settle_all(database, STORES)
    assert rank(database) == waiting


def test_where_too_much_waits_it_is_told(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cloud_sink.profile.measure.WORKED_OUT", 3)
    take_in(sqlite, until=2)
    take_in(sqlite, until=4, settle=False)
    found = rank(sqlite)
    assert (found.waiting, [one.store for one in found.stores]) == (4, ["s1", "s0"])
    assert WORKED_OUT > 3


def test_a_page_and_those_that_match(sqlite: Database) -> None:
    take_in(sqlite)
    page = rank(sqlite, limit=2, offset=3)
    assert ([one.store for one in page.stores], page.total) == (["s2", "s1"], 6)
    assert [one.rank for one in page.stores] == [4, 5]
    in_hue = rank(sqlite, where={"city": "Hue"}, by="stockouts")
    assert [one.store for one in in_hue.stores] == ["s1", "s2", "s3", "s0"]
    with pytest.raises(KeyError):
        rank(sqlite, by="beauty")


def test_what_is_unknown_is_ranked_nowhere(sqlite: Database) -> None:
    take_in(sqlite)
    found = rank(sqlite, by="footfall")
    assert [(one.store, one.rank) for one in found.stores][-2:] == [("s4", 5), ("s5", 0)]


def test_tags_hold_by_the_percentiles_of_all_stores(sqlite: Database) -> None:
    take_in(sqlite)
    assert {one.store: one.tags for one in rank(sqlite).stores if one.tags} == {
        "s3": ["busy-and-empty"],
        "s4": ["busy-and-empty"],
    }


def test_groups_are_their_stores_counts_together(sqlite: Database) -> None:
    take_in(sqlite)
    groups = ask_groups(sqlite, STORES, YARDSTICK, tenant="acme", since=FIRST, until=LAST, now=NOW, by="city")
    by_name = {group.name: group for group in groups.groups}
    assert {name: group.stores for name, group in by_name.items()} == {"Hue": 4, "Da Nang": 1, None: 1}
    assert by_name["Hue"].figures.osa == pytest.approx(1 - (0 + 1 + 2 + 3) / (4 * 28))
    assert by_name["Hue"].figures.footfall == 25
    scores = [group.score for group in groups.groups]
    assert scores == sorted(scores, key=lambda score: score or 0)


def test_stores_without_a_camera_for_people_do_not_make_a_group_incomplete(sqlite: Database) -> None:
    take_in(sqlite)
    one = ask_groups(sqlite, STORES, YARDSTICK, tenant="acme", since=FIRST, until=LAST, now=NOW, by="channel").groups
    assert one[0].figures.people_completeness == pytest.approx(900 / (14 * 3600))


def test_a_store_beside_its_past_its_cluster_and_its_chain(sqlite: Database) -> None:
    take_in(sqlite)
    asked: dict[str, Any] = {"tenant": "acme", "since": LAST, "until": LAST, "now": NOW}
    found = ask_standing(sqlite, STORES, YARDSTICK, store="s1", **asked)
    assert found is not None
    assert (found.cluster, found.cluster_stores) == ({"channel": "kiosk", "store_class": None, "city": "Hue"}, 3)
    assert (found.past_since, found.past_completeness, found.chain_stores) == (FIRST, 1, 4)
    osa = next(one for one in found.figures if one.figure == "osa")
    assert osa.value == osa.past == pytest.approx(1 - 1 / 28)
    assert osa.cluster_median == pytest.approx(1 - 2 / 28)
    assert osa.cluster_percentile == pytest.approx(2 / 3)  # better than s2 and s3, worse than s0
    assert osa.chain_percentile == pytest.approx(3 / 4)
    stockouts = next(one for one in found.figures if one.figure == "stockouts")
    assert stockouts.cluster_percentile == pytest.approx(1 - (1 + 3) / 2 / 3)  # as many as s2 and s3, more than s0
    assert {tag.name: tag.holds for tag in found.tags} == {"busy-and-empty": False, "unsold": False}
    alone = ask_standing(sqlite, STORES, YARDSTICK, store="s5", **asked)
    assert alone is not None
    assert {one.cluster_median for one in alone.figures} == {None}  # too few others to say
    assert {tag.name: tag.holds for tag in alone.tags}["busy-and-empty"] is None
    assert ask_standing(sqlite, STORES, YARDSTICK, store="s9", **asked) is None


def test_today_is_measured_by_what_was_due_by_now(sqlite: Database) -> None:
    take_in(sqlite, until=1)
    noon = START + timedelta(days=1, hours=7)
    found = rank(sqlite, since=LAST, now=noon).stores[0]
    profile = ask_profile(sqlite, STORES, {}, store="s0", day=LAST, now=noon)
    assert found.figures == profile.figures
    assert found.figures.completeness == profile.completeness.value == 1


def test_tenants_do_not_meet(sqlite: Database) -> None:
    take_in(sqlite, until=2)
    assert rank(sqlite, tenant="rival").stores == []


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [([], 0.5, None), ([3.0], 0.9, 3), ([1.0, 2.0, 3.0, 4.0], 0.75, 3.25), ([1.0, 2.0], 0, 1)],
)
def test_a_quantile_is_interpolated(values: list[float], share: float, expected: float | None) -> None:
    assert quantile(values, share) == expected

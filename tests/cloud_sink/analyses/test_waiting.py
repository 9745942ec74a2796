from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_sink.analyses.forecast import LEARNT
from cloud_sink.analyses.waiting import Shelf, Watched, chance, expected, judge, look_ahead
from edge.contract.business_day import Span

FIRST = date(2026, 1, 1)
OPENS = datetime(2026, 3, 14, 1, tzinfo=UTC)
DAYS = [FIRST + timedelta(days=at) for at in range(84)]
OPENINGS = [Span(OPENS + timedelta(days=at), OPENS + timedelta(days=at, hours=14)) for at in range(60)]


WEEKEND = (0.6, 0.6, 0.6, 0.6, 0.6, 2.0, 2.0)


def simulated(rate: float, seed: int, *, days: int = 84, week: tuple[float, ...] = (1.0,) * 7) -> Watched:
    """Stock-outs at a rate an open hour, 14 of them a day; each lasts two hours."""
    chance = np.random.default_rng(seed)
    begun = {day: int(chance.poisson(rate * 14 * week[day.weekday()])) for day in DAYS[:days]}
    hours = {day: max(0.5, 14.0 - 2 * count) for day, count in begun.items()}
    return Watched(dict.fromkeys(DAYS[:days], 14.0), hours, begun)


def shelves(count: int, rate: float, **more: Any) -> dict[Shelf, Watched]:
    return {(f"s{n}", "f1"): simulated(rate, n, **more) for n in range(count)}


def test_a_rate_that_was_there_is_found() -> None:
    found = look_ahead(shelves(20, 0.05), DAYS, 60, "constant")
    assert found is not None
    mean = np.mean([found.rates([shelf])[0] for shelf in found.times])
    assert mean == pytest.approx(0.05 * 14 / (14 - 2 * 0.7), rel=0.08)


def test_a_shelf_that_was_hardly_seen_leans_on_the_others() -> None:
    watched = shelves(20, 0.05) | {("new", "f1"): Watched({FIRST: 14.0}, {FIRST: 14.0}, {})}
    found = look_ahead(watched, DAYS, 1, "constant")
    assert found is not None
    assert found.times["new", "f1"] == pytest.approx(1 / (14 * found.ahead[0] + 1))


def test_two_fixtures_of_a_store_run_out_sooner_than_one() -> None:
    found = look_ahead({("s", "f1"): simulated(0.05, 1), ("s", "f2"): simulated(0.05, 2)}, DAYS, 1, "constant")
    assert found is not None
    assert found.rates([("s", "f1"), ("s", "f2")])[0] == pytest.approx(
        found.rates([("s", "f1")])[0] + found.rates([("s", "f2")])[0]
    )


def test_a_sku_that_never_ran_out_says_nothing_of_when_it_will() -> None:
    never = Watched(dict.fromkeys(DAYS, 14.0), dict.fromkeys(DAYS, 14.0), {})
    assert look_ahead({("s", "f"): never}, DAYS, 9, "constant") is None
    assert look_ahead({}, DAYS, 9, "by day") is None
    assert judge({("s", "f"): never}, DAYS) is None


def test_weekends_are_told_from_mondays_where_enough_ran_out() -> None:
    watched = shelves(20, 0.04, week=WEEKEND)
    found = look_ahead(watched, DAYS, 7, "by day")
    assert found is not None
    ahead = [DAYS[-1] + timedelta(days=at + 1) for at in range(7)]
    busy = [rate for rate, day in zip(found.ahead, ahead, strict=True) if day.weekday() >= 5]
    quiet = [rate for rate, day in zip(found.ahead, ahead, strict=True) if day.weekday() < 5]
    assert np.mean(busy) > 2.5 * np.mean(quiet)
    judged = judge(watched, DAYS)
    assert judged is not None
    assert (judged.rhythm, judged.days) == ("by day", 280)
    few = look_ahead(shelves(1, 0.01, week=WEEKEND), DAYS, 7, "by day")
    assert few is not None
    assert len(set(few.ahead)) == 1


def test_a_rate_foretells_better_than_the_week_before() -> None:
    found = judge(shelves(10, 0.03), DAYS)
    assert found is not None
    assert found.days == 140
    assert found.score < found.naive_score
    probable = 1 - np.exp(-0.03 * 14)
    assert found.score == pytest.approx(probable * (1 - probable), abs=0.03)
    assert found.naive_score == pytest.approx(2 * probable * (1 - probable), abs=0.06)


def test_nothing_of_a_held_back_day_but_for_how_long_it_was_watched_goes_into_its_forecast() -> None:
    """Were stock-outs to shorten the hours by which they are foretold, a day that ran out would look unlikely to."""
    watched = shelves(10, 0.03)
    usual = judge(watched, DAYS)
    held = DAYS[-14:]
    shorter = {
        shelf: Watched(one.watched, {**one.hours, **dict.fromkeys(held, 1.0)}, one.begun)
        for shelf, one in watched.items()
    }
    assert judge(shorter, DAYS) == usual
    later = {
        shelf: Watched(one.watched, one.hours, {**one.begun, **dict.fromkeys(held, 1)})
        for shelf, one in watched.items()
    }
    all_out = judge(later, DAYS)
    assert usual is not None
    assert all_out is not None
    probable = 1 - np.exp(-0.03 * 14)
    assert all_out.score == pytest.approx((1 - probable) ** 2, abs=0.08)  # as surely wrong as before


def test_too_few_days_judge_nothing() -> None:
    last = DAYS[-14 - LEARNT + 1 :]
    one = simulated(0.05, 1)
    watched, hours = ({day: part[day] for day in last} for part in (one.watched, one.hours))
    short = Watched(watched, hours, one.begun)
    assert judge({("s", "f"): short}, DAYS) is None
    assert judge({("s", "f"): one}, DAYS) is not None


def test_a_day_whose_week_before_nobody_watched_is_not_judged() -> None:
    one = simulated(0.05, 1)
    gone = DAYS[-21]
    watched, hours = ({day: value for day, value in part.items() if day != gone} for part in (one.watched, one.hours))
    found = judge({("s", "f"): Watched(watched, hours, one.begun)}, DAYS)
    assert found is not None
    assert found.days == 12  # its weekday is held back twice


def test_what_is_said_to_happen_happens_as_often() -> None:
    """Of many shelves foretold to run out within three days with some chance, so many do."""
    foretold, came = [], []
    watched = shelves(60, 0.02, week=WEEKEND)
    learnt = {shelf: one.until(DAYS[70]) for shelf, one in watched.items()}
    found = look_ahead(learnt, DAYS[:70], 14, "by day")
    assert found is not None
    for start in range(0, 12, 3):
        openings = [Span(OPENS + timedelta(days=at), OPENS + timedelta(days=at, hours=14)) for at in range(3)]
        for shelf in watched:
            foretold.append(chance(found.rates([shelf])[start : start + 3], openings, OPENS))
            came.append(any(watched[shelf].begun[day] for day in DAYS[70 + start : 73 + start]))
    assert np.mean(came) == pytest.approx(np.mean(foretold), abs=0.06)


def moment_after(hours: float, openings: list[Span], now: datetime) -> datetime | None:
    """When one stock-out is due at one in so many hours."""
    found = expected([1 / hours] * len(openings), openings, now)
    return found[1] if found else None


def test_hours_pass_only_while_the_store_is_open() -> None:
    evening = OPENS + timedelta(hours=13)
    assert moment_after(1, OPENINGS, evening) == evening + timedelta(hours=1)
    assert moment_after(3, OPENINGS, evening) == OPENS + timedelta(days=1, hours=2)
    assert moment_after(2, OPENINGS, OPENS + timedelta(hours=20)) == OPENS + timedelta(days=1, hours=2)
    assert moment_after(14 * 61, OPENINGS, OPENS) is None


@given(hours=st.floats(0.01, 800), minutes=st.integers(0, 60 * 24 * 3))
def test_what_was_open_until_then_is_what_was_asked(hours: float, minutes: int) -> None:
    now = OPENS + timedelta(minutes=minutes)
    then = moment_after(hours, OPENINGS, now)
    if then is not None:
        passed = sum(Span(max(one.since, now), min(one.until, then)).seconds for one in OPENINGS)
        assert passed == pytest.approx(hours * 3600, abs=1)

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy import stats

from cloud_sink.analyses.differences import (
    Daily,
    Effect,
    Panel,
    Treated,
    Window,
    difference_in_differences,
    estimate,
    interval,
    levels,
)

FIRST = date(2026, 3, 2)
BEFORE = DURING = 14
SINCE = FIRST + timedelta(days=BEFORE)
WINDOW = Window(FIRST, SINCE, SINCE + timedelta(days=DURING - 1))
VALUES = st.lists(st.floats(-9, 9), min_size=2, max_size=8)


def told(store: str, values: list[float], first: date = FIRST) -> Daily:
    return {(store, first + timedelta(days=at)): value for at, value in enumerate(values)}


def flat(store: str, before: float, during: float) -> Daily:
    return told(store, [before] * BEFORE + [during] * DURING)


def treated(*names: str, matched: tuple[str, ...], window: Window = WINDOW) -> dict[str, Treated]:
    return {name: Treated(window, frozenset(matched)) for name in names}


def measure(daily: Daily, stores: dict[str, Treated]) -> Effect:
    return difference_in_differences("facings", daily, stores)


def simulated(chance: np.random.Generator, stores: int, without: int, effect: float) -> Effect:
    """Stores with a height and a change of their own, weekdays, and a tenth of the days unseen."""
    week, daily = np.tile([0.0, 0, 1, 2, 3, 6, 4], 4), Daily()
    names = [f"p{number}" for number in range(stores)] + [f"c{number}" for number in range(without)]
    for name in names:
        change = chance.normal(effect if name[0] == "p" else 0, 1.5)
        values = (
            chance.normal(10, 3) + week + chance.normal(0, 1, 28) + np.r_[np.zeros(BEFORE), np.full(DURING, change)]
        )
        daily |= {key: one for key, one in told(name, values.tolist()).items() if chance.random() < 0.9}
    own = treated(*names[:stores], matched=tuple(names[stores:]))
    return measure(daily, own)


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    chance = np.random.default_rng(7)
    found = [simulated(chance, 4, 12, 2.0) for _ in range(300)]
    held = sum(one.low <= 2 <= one.high for one in found if one.low is not None and one.high is not None)
    assert 0.92 <= held / 300 <= 0.98
    assert abs(np.mean([one.effect for one in found if one.effect is not None]) - 2) < 0.15
    warned = sum(one.parallel is False for one in found)
    assert 0.02 <= warned / 300 <= 0.08  # nothing began before: one in twenty is chance


def test_the_effect_is_the_difference_of_the_differences() -> None:
    daily = flat("a", 1, 4) | flat("b", 3, 8) | flat("c", 2, 3) | flat("d", 5, 6)
    found = measure(daily, treated("a", "b", matched=("c", "d")))
    assert (found.before, found.during, found.matched_before, found.matched_during) == (2, 6, 3.5, 4.5)
    assert found.effect == pytest.approx(3)
    assert found.low is not None
    assert found.low < 3
    assert found.uplift == pytest.approx(3 / 3)
    assert (found.stores, found.matched, found.left_out) == (2, 2, [])


@given(one=VALUES, other=VALUES)
def test_with_one_window_the_interval_is_welchs(one: list[float], other: list[float]) -> None:
    assume(np.std(one) > 0.01)
    assume(np.std(other) > 0.01)
    effect, half = interval(np.array(one), np.tile(other, (len(one), 1)))
    expected = stats.ttest_ind(one, other, equal_var=False).confidence_interval(0.95)
    assert half is not None
    assert (effect - half, effect + half) == pytest.approx((expected.low, expected.high))


def test_each_store_is_compared_with_its_own_matched_ones_over_its_own_days() -> None:
    later = Window(FIRST + timedelta(days=7), SINCE + timedelta(days=7), WINDOW.until)
    small = told("a", [1.0] * 14 + [3.0] * 14) | flat("c", 0, 1) | flat("d", 2, 3.5)
    large = (
        told("b", [50.0] * 21 + [60.0] * 7) | told("e", [70.0] * 21 + [75.0] * 7) | told("f", [90.0] * 21 + [96.0] * 7)
    )
    own = treated("a", matched=("c", "d")) | treated("b", matched=("e", "f"), window=later)
    found = measure(small | large, own)
    alone = [
        measure(small | told("z", [1.0] * 14 + [3.0] * 14), treated("a", "z", matched=("c", "d"))).effect,
        measure(
            large | told("y", [50.0] * 21 + [60.0] * 7), treated("b", "y", matched=("e", "f"), window=later)
        ).effect,
    ]
    assert alone == pytest.approx([2 - 1.25, 10 - 5.5])
    assert found.matched == 4
    assert found.matched_before == pytest.approx((1 + 80) / 2)


def test_days_that_a_store_was_not_seen_are_no_effect() -> None:
    """Weekends are high; one store is seen only on weekdays before and only on weekends during."""
    week = [1.0, 1, 1, 1, 1, 5, 5] * 4
    daily: Daily = {}
    for number, store in enumerate(("a", "b", "c", "d", "e")):
        daily |= told(store, [value + number + 0.01 * number * (at >= 14) for at, value in enumerate(week)])
    for at in range(28):
        if (at % 7 >= 5) == (at < 14):
            del daily["a", FIRST + timedelta(days=at)]
    found = measure(daily, treated("a", "b", matched=("c", "d", "e")))
    assert found.before is not None
    assert found.during is not None
    assert found.during - found.before > 1  # as it was observed
    assert found.effect == pytest.approx(-0.025, abs=1e-6)


def test_days_that_no_matched_store_was_seen_on_are_left_out() -> None:
    daily = flat("a", 1, 4) | flat("b", 3, 8) | flat("c", 2, 3) | flat("d", 5, 6)
    for store in ("c", "d"):
        for at in range(16, 28):
            del daily[store, FIRST + timedelta(days=at)]
    found = measure(daily, treated("a", "b", matched=("c", "d")))
    assert found.effect is None  # two days during are left


def test_two_way_means_are_exact_where_stores_and_days_add_up() -> None:
    chance = np.random.default_rng(2)
    heights, days = chance.normal(0, 5, 6), chance.normal(0, 2, 20)
    daily: Daily = {}
    for number, height in enumerate(heights):
        series = told(f"s{number}", (height + days).tolist())
        daily |= {key: value for key, value in series.items() if number == 0 or chance.random() < 0.6}
    found = levels(daily, {f"s{number}" for number in range(6)})
    assert np.array(list(found.values())) == pytest.approx(days - days.mean(), abs=1e-6)


def test_a_drift_before_is_told() -> None:
    chance = np.random.default_rng(4)
    daily: Daily = {}
    names = [f"p{at}" for at in range(6)] + [f"c{at}" for at in range(6)]
    for name in names:
        drift = 0.3 if name[0] == "p" else 0.0
        daily |= told(name, (10 + drift * np.arange(28) + chance.normal(0, 0.3, 28)).tolist())
    found = measure(daily, treated(*names[:6], matched=tuple(names[6:])))
    assert found.parallel is False
    assert found.early == pytest.approx(0.3 * 7, abs=0.5)
    assert any("drifting apart" in one for one in found.cautions)


def test_without_any_spread_there_is_no_interval() -> None:
    found = measure(
        flat("a", 1, 2) | flat("b", 3, 4) | flat("c", 2, 2) | flat("d", 5, 5), treated("a", "b", matched=("c", "d"))
    )
    assert (found.effect, found.low, found.high) == (1, None, None)
    assert any("no spread" in one for one in found.cautions)


@pytest.mark.parametrize(
    ("daily", "stores"),
    [
        (flat("a", 1, 2) | flat("c", 1, 1) | flat("d", 1, 1), treated("a", "b", matched=("c", "d"))),
        (flat("a", 1, 2) | flat("b", 1, 2) | flat("c", 1, 1), treated("a", "b", matched=("c", "d"))),
        (
            flat("a", 1, 2) | told("b", [1.0] * 16) | flat("c", 1, 1) | flat("d", 1, 1),
            treated("a", "b", matched=("c", "d")),
        ),
        ({}, {}),
    ],
)
def test_too_little_is_said(daily: Daily, stores: dict[str, Treated]) -> None:
    found = measure(daily, stores)
    assert (found.effect, found.low, found.high, found.parallel) == (None, None, None, None)
    assert f"{found.stores} stores with it and {found.matched} matched ones" in found.cautions[0]
    assert set(found.left_out) == set(stores) - set(estimate(Panel.of(daily, stores), stores).treated)

from __future__ import annotations

import math

import numpy as np
import pytest

from cloud_sink.analyses.forecast import HELD_BACK, JUDGED, LEARNT, WEEK, filled, forecast

SHAPE = (10.0, 11.0, 9.0, 12.0, 18.0, 25.0, 21.0)


def weeks(count: int, *, noise: float, seed: int = 3) -> list[float]:
    chance = np.random.default_rng(seed)
    return [max(0.0, SHAPE[day % 7] + chance.normal(0, noise)) for day in range(7 * count)]


def test_a_noisy_week_is_foretold_better_than_by_the_last_one() -> None:
    found = forecast(weeks(12, noise=4), 7)
    assert found is not None
    assert found.method == "exponential smoothing"
    assert found.error < found.naive_error
    assert np.mean(np.abs(np.subtract(found.daily, SHAPE))) < found.error


def test_its_error_is_that_of_the_days_held_back() -> None:
    series = weeks(8, noise=4)
    found = forecast(series, 7)
    assert found is not None
    before, held = series[:-HELD_BACK], series[-HELD_BACK:]
    naive = [before[-7:][day % 7] for day in range(HELD_BACK)]
    assert found.naive_error == pytest.approx(np.mean(np.abs(np.subtract(naive, held))))
    assert found.error != found.naive_error


def test_where_the_last_week_foretells_better_it_is_used() -> None:
    series = [float(value) for value in SHAPE] * 6
    series[-HELD_BACK - 7 :] = [3 * value for value in series[-HELD_BACK - 7 :]]  # a jump a week before
    found = forecast(series, 7)
    assert found is not None
    assert (found.method, found.naive_error, found.daily) == ("seasonal naive", 0, tuple(3 * value for value in SHAPE))


def test_nothing_is_sold_less_than_never() -> None:
    found = forecast([0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0] * 8, 14)
    assert found is not None
    assert min(found.daily) >= 0


def test_a_constant_is_its_own_forecast() -> None:
    found = forecast([4.0] * (LEARNT + HELD_BACK), 3)
    assert found is not None
    assert (found.daily, found.spread, found.at_most(0, 3, 2)) == ((4, 4, 4), 0, 12)


def test_a_margin_grows_with_the_root_of_the_days_and_holds_a_bias() -> None:
    found = forecast(weeks(12, noise=4), 7)
    assert found is not None
    assert found.at_most(2, 4, 1.0) - found.between(2, 4) == pytest.approx(found.spread * math.sqrt(4))
    risen = [*weeks(10, noise=0.5), *(value + 9 for value in weeks(2, noise=0.5, seed=4))]
    biased = forecast(risen, 7)
    assert biased is not None
    assert biased.spread > 8  # every held-back day was foretold nine too low


def test_what_is_held_back_is_not_looked_at() -> None:
    """The errors are those of a forecast from the days before alone."""
    series = weeks(12, noise=4)
    found, other = forecast(series, 7), forecast([*series[:-HELD_BACK], *(0.0,) * HELD_BACK], 7)
    assert found is not None
    assert other is not None
    before = forecast([*series[:-HELD_BACK], *(100.0,) * HELD_BACK], 7)
    assert before is not None
    assert other.error + before.error == pytest.approx(100)  # of the same forecast: all between 0 and 100


@pytest.mark.parametrize("known", [LEARNT - 1, LEARNT])
def test_a_short_series_foretells_nothing(known: int) -> None:
    assert (forecast([1.0] * (known + HELD_BACK), 7) is None) is (known < LEARNT)


@pytest.mark.parametrize("known", [JUDGED - 1, JUDGED])
def test_a_forecast_that_cannot_be_judged_is_none(known: int) -> None:
    held: list[float | None] = [1.0] * known + [None] * (HELD_BACK - known)
    assert (forecast([*[1.0] * LEARNT, *held], 7) is None) is (known < JUDGED)


def test_an_unknown_day_is_like_the_last_of_its_weekday() -> None:
    first = [1.0, None, 3.0, None, 5.0, 6.0, 7.0]
    second = [None, 20.0, None, None, 50.0, None, 70.0]
    assert filled([*first, *second]) == [1, 20, 3, 0, 5, 6, 7, 1, 20, 3, 0, 50, 6, 70]


def test_days_that_are_unknown_are_not_judged() -> None:
    series: list[float | None] = list(weeks(12, noise=4))
    full = forecast(series, 7)
    series[-3] = None
    found = forecast(series, 7)
    assert full is not None
    assert found is not None
    before, held = series[-HELD_BACK - WEEK : -HELD_BACK] * 2, series[-HELD_BACK:]
    naive = [abs(one - other) for one, other in zip(before, held, strict=True) if one is not None and other is not None]
    assert len(naive) == HELD_BACK - 1
    assert found.naive_error == pytest.approx(np.mean(naive))

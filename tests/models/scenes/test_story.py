"""The day adds up: nothing is sold that was not there, and the episodes are those the shelves show."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.scenes import demo
from models.scenes.story import StoreEvent, live, stock, stock_at, stock_outs

PLAN = demo.day_plan()
SEEDS = st.integers(0, 2**31)


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_no_more_is_sold_than_was_stocked(seed: int) -> None:
    events = live(PLAN, seed)
    had: Counter[str] = Counter()
    for column in PLAN.columns:
        had[column.expected.id] += column.units
    for event in events:
        if event.verb == "refilled":
            had[event.product.id] += event.units
        elif event.verb == "sold":
            had[event.product.id] -= event.units
        assert min(had.values()) >= 0
    left: Counter[str] = Counter(dict.fromkeys(had, 0))
    for column in stock_at(PLAN, events, PLAN.closes):
        if column.product is not None and column.product.seed == column.expected.seed:
            left[column.product.id] += column.units
    assert left == had


@given(SEEDS)
@settings(max_examples=10, deadline=None)
def test_the_one_product_sells_out_and_comes_back_when_planned(seed: int) -> None:
    (episode,) = stock_outs(PLAN, live(PLAN, seed))
    assert episode.sku == demo.own_product(demo.SELLS_OUT_SEED).id
    assert episode.since == PLAN.opens.replace(hour=13, minute=10)
    assert episode.until == PLAN.opens.replace(hour=16, minute=40)


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_the_episode_is_what_the_frames_show(seed: int) -> None:
    events = live(PLAN, seed)
    (episode,) = stock_outs(PLAN, events)
    assert episode.until is not None
    for time in PLAN.frame_times():
        shown = {column.product.id for column in stock_at(PLAN, events, time) if column.product is not None}
        assert (episode.sku not in shown) == (episode.since <= time < episode.until)


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_another_product_loses_facings_but_never_runs_out(seed: int) -> None:
    events = live(PLAN, seed)
    counts = []
    for time in PLAN.frame_times():
        columns = stock_at(PLAN, events, time)
        counts.append(sum(c.product is not None and c.product.seed == demo.LOSES_FACINGS_SEED for c in columns))
    assert counts[0] == 3
    assert min(counts) == 1


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_stock_never_grows_without_a_refill(seed: int) -> None:
    events = live(PLAN, seed)
    before = PLAN.columns
    for number, event in enumerate(events, start=1):
        after = stock(PLAN, events[:number])
        moved = [
            k
            for k, (a, b) in enumerate(zip(before, after, strict=True))
            if (a.units, a.product) != (b.units, b.product)
        ]
        assert moved in ([event.column], [])
        if event.verb == "sold":
            assert after[event.column].units == before[event.column].units - 1
        before = after


def test_strangers_stand_in_their_places_while_they_are_there() -> None:
    events = live(PLAN, demo.STORY_SEED)
    for intrusion in PLAN.intrusions:
        for moment, there in (
            (intrusion.since, True),
            (intrusion.until - timedelta(seconds=1), True),
            (intrusion.until, False),
        ):
            product = stock_at(PLAN, events, moment)[intrusion.column].product
            assert (product is not None and product.seed == intrusion.product.seed) == there


def test_a_sale_from_an_empty_column_is_refused() -> None:
    empty = replace(PLAN, columns=(replace(PLAN.columns[0], units=0, product=None), *PLAN.columns[1:]))
    sale = StoreEvent(PLAN.opens, "sold", 0, 1, PLAN.columns[0].expected)
    with pytest.raises(ValueError, match="which has none"):
        stock(empty, [sale])


def test_a_stranger_on_top_of_a_full_column_is_refused() -> None:
    event = StoreEvent(PLAN.opens, "placed", 0, 1, demo.competitor())
    with pytest.raises(ValueError, match="not empty"):
        stock(PLAN, [event])


def test_the_day_has_43_frames_of_which_three_are_bad() -> None:
    times = PLAN.frame_times()
    assert len(times) == 43
    assert (times[0], times[-1]) == (PLAN.opens, PLAN.closes)
    states = Counter(demo.moment(time).state for time in times)
    assert states == {"clear": 40, "blocked": 1, "blurred": 1, "dark": 1}

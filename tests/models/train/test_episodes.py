"""Stock-out episodes on simulated days, with noise as it was measured: floors, and what the simulation itself keeps."""

from __future__ import annotations

from datetime import timedelta

import pytest

from edge.contract.config import FixtureSection, StockoutSection, VoteSection
from models.scenes.demo import FIXTURE
from models.scenes.story import StockOut, stock_at
from models.train.episodes import Score, Told, follow, prove, score
from models.train.noise import Noise, load_noise
from models.train.noisy_shelf import NoisyShelf
from models.train.story_days import CLOSES, OPENS, draw_day

EVERY = timedelta(minutes=20)
SEEDS = range(10_000, 10_006)
DAYS = [draw_day(seed, every=EVERY) for seed in SEEDS]
PERSISTENCE = load_noise("demo").persistence or 0.0


SHIPPED = FixtureSection(id="simulated")
ALONE = FixtureSection(id="simulated", vote=VoteSection(captures=1), stockout=StockoutSection(unsure_captures=0))
"""Each capture for itself, and nothing unsure weighed."""


def simulated(noise: Noise, fixture: FixtureSection) -> Score:
    told = [
        follow(prove(day, noise, seed=seed, rules=fixture.vote, persistence=PERSISTENCE), fixture)
        for seed, day in zip(SEEDS, DAYS, strict=True)
    ]
    return score(DAYS, told)


@pytest.fixture(scope="module")
def scores() -> dict[str, Score]:
    """The shipped settings, with the errors of the models on photographs, and on the demo's pack-shot catalogue."""
    return {name: simulated(load_noise(name), SHIPPED) for name in ("photos", "demo")}


@pytest.fixture(params=["photos", "demo"])
def shipped(request: pytest.FixtureRequest, scores: dict[str, Score]) -> Score:
    return scores[request.param]


def test_stock_outs_that_last_are_found(shipped: Score) -> None:
    assert shipped.true_lasting >= 8
    assert shipped.missed_lasting <= 0.2 * shipped.true_lasting


def test_few_are_told_that_never_were(shipped: Score) -> None:
    assert shipped.false_per_100_sku_days <= 4.0


def test_onset_and_end_are_told_to_a_capture(shipped: Score) -> None:
    assert shipped.onset_median <= 20
    assert shipped.end_median <= 20
    assert shipped.told_median <= 45
    assert shipped.end_told_median <= 45


def test_with_much_unsure_the_vote_and_weighed_doubts_find_what_captures_alone_miss(scores: dict[str, Score]) -> None:
    alone = simulated(load_noise("demo"), ALONE)
    assert alone.missed > 2 * scores["demo"].missed


def test_a_perfect_recogniser_errs_by_no_more_than_the_captures_allow() -> None:
    perfect = load_noise("photos").model_copy(
        update={
            "missed": 0,
            "false": (0, 0, 0),
            "shift": 0.0,
            "gaps": 10**9,
            "gaps_faintly": 0,
            "skus": {f"s{number}": {f"s{number}": (99, 0, 0)} for number in range(40)},
            "unlisted": (0, 0, 1),
        }
    )
    days = [draw_day(seed, every=EVERY) for seed in SEEDS[:3]]
    clear = [day.__class__(day.plan, day.events, day.stock_outs, day.listed, frozenset(), {}) for day in days]
    told = [follow(prove(day, perfect, seed=1, rules=SHIPPED.vote, persistence=0.0), SHIPPED) for day in clear]
    result = score(clear, told)
    assert (result.false, result.missed_lasting, result.broken) == (0, 0, 0)
    assert result.onset_p90 <= 20
    assert result.end_p90 <= 20


def test_noise_is_drawn_at_the_measured_rates() -> None:
    noise = load_noise("photos")
    day = DAYS[0]
    shelf = NoisyShelf(noise, listed=day.listed, fixture=FIXTURE, persistence=0.0, seed=3)
    columns = stock_at(day.plan, day.events, OPENS)
    sights = [shelf.capture(columns) for _ in range(100)]
    units = len(sights) * len(columns)
    found = sum(len(sight.facings) for sight in sights)
    assert found / units == pytest.approx(1 - noise.missed / noise.facings, abs=0.01)
    faint = sum(len(sight.faint) for sight in sights)
    assert faint / units == pytest.approx(noise.missed_faintly / noise.facings, abs=0.01)


def test_a_day_is_the_same_for_the_same_seed_and_another_for_another() -> None:
    assert draw_day(SEEDS[0]).events == DAYS[0].events
    assert DAYS[0].events != DAYS[1].events


def test_scoring_tells_false_missed_broken_and_late() -> None:
    day = DAYS[0]
    hour = timedelta(hours=1)
    facts = (
        StockOut("a", OPENS, OPENS + 2 * hour),
        StockOut("b", OPENS + hour, None),
        StockOut("c", OPENS, OPENS + 3 * hour),
    )
    told = [
        Told("a", OPENS + hour / 4, OPENS + hour, OPENS + 2.5 * hour, OPENS + 3 * hour),
        Told("c", OPENS + hour / 2, OPENS + hour, OPENS + hour, OPENS + 1.5 * hour),
        Told("c", OPENS + 2 * hour, OPENS + 2 * hour, None, None),
        Told("d", OPENS, OPENS + hour, CLOSES, CLOSES),
    ]
    one = day.__class__(day.plan, day.events, facts, day.listed, frozenset(), {})
    result = score([one], [told])
    assert (result.true, result.missed, result.missed_lasting, result.false) == (3, 1, 1, 1)
    assert (result.broken, result.unended) == (1, 1)
    assert (result.onset_median, result.end_median, result.end_told_median) == (22.5, 30.0, 60.0)

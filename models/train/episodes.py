"""Stock-out episodes scored on simulated days: truth from the story, noise from the measured rates.

    python -m models.train.episodes --days 200

Facings are drawn as the shipped models would read them (`models.train.noisy_shelf`), and go through the very functions
that the device runs: the blocked-view rule, shelves, alignment, the vote, the tracker.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.capture.quality.front import vanished_share
from edge.contract.business_day import Clockwork
from edge.contract.config import FixtureSection, QualityRules
from edge.contract.payloads import StockoutOpened
from edge.device.analysis import Analysis
from edge.device.memory import MAX_BLOCKED
from edge.device.stockouts import follow_stockouts
from edge.device.votes import vote_capture
from edge.recognise.detector import Detections
from edge.shelf.facing import Slot
from edge.shelf.reading import read_shelf
from models.scenes.demo import FIXTURE
from models.scenes.story import stock_at
from models.train.noise import boxes_of, load_noise
from models.train.noisy_shelf import NoisyShelf
from models.train.story_days import ZONE, Day, draw_day

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.contract.config import VoteSection
    from edge.contract.payloads import StockoutClosed
    from edge.shelf.evidence import Evidence
    from models.train.noise import Noise

CLOCKWORK = Clockwork(ZONE, day_starts=time(4), opens=time(8), closes=time(22))
LASTING = timedelta(hours=1)
"""A stock-out that lasts so long is one that a merchandiser would want to be told of."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What one accepted capture of a day proves."""

    at: datetime
    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Told:
    """An episode as the device told it."""

    sku: str
    since: datetime
    opened: datetime  # when it was told
    until: datetime | None
    closed: datetime | None  # when its end was told


@dataclass(frozen=True, slots=True)
class Score:
    """How episodes told compare with the truth. Minutes are of opening time, all of it in these days."""

    days: int
    sku_days: int
    true: int
    true_lasting: int
    found: int
    missed: int
    missed_lasting: int
    false: int
    false_per_100_sku_days: float
    broken: int  # true episodes whose end was told although they went on
    unended: int  # true episodes that ended, and whose end was not told
    onset_median: float
    onset_p90: float
    told_median: float  # from the true onset to the moment it was told
    told_p90: float
    end_median: float  # of the time told as the end, without sign
    end_p90: float
    end_told_median: float  # from the true end to the moment it was told
    end_told_p90: float


def prove(day: Day, noise: Noise, *, seed: int, rules: VoteSection, persistence: float) -> list[Proof]:
    """Run a day's captures through reading and vote.

    Args:
        day: with its truth.
        noise: the measured rates.
        seed: of the noise.
        rules: of the vote.
        persistence: how much of the noise stays from capture to capture.
    """
    shelf = NoisyShelf(noise, listed=day.listed, fixture=FIXTURE, persistence=persistence, seed=seed)
    read = partial(read_shelf, slots=_slots(day), owner_of={}, own=frozenset(), must_stock=None, ever_seen=frozenset())
    limit, blocked, last, proofs = QualityRules().blocked, 0, boxes_of(()), []
    remembered: list[dict[str, Any]] = []
    for at in day.plan.frame_times():
        sight = shelf.capture(stock_at(day.plan, day.events, at), day.occluded.get(at))
        if at in day.rejected:
            continue
        if vanished_share(last, boxes_of(sight.facings)) > limit and blocked < MAX_BLOCKED:
            blocked += 1
            continue
        blocked, last = 0, boxes_of(sight.facings)
        faint = Detections(sight.faint.astype(np.float32), np.full(len(sight.faint), rules.faint, np.float32))
        analysis = Analysis(round(FIXTURE.width), round(FIXTURE.height), read(sight.facings), {}, (), faint)
        verdict, remembered = vote_capture(remembered, analysis, at=at, capture=f"{at:%H%M}", rules=rules, read=read)
        assert verdict.reading.evidence is not None
        proofs.append(Proof(at, verdict.reading.evidence))
    return proofs


def follow(proofs: Sequence[Proof], fixture: FixtureSection) -> list[Told]:
    """The episodes that a device tells by these rules."""
    state, told = None, {}
    for number, proof in enumerate(proofs):
        events: list[StockoutOpened | StockoutClosed]
        events, state = follow_stockouts(
            state, proof.evidence, at=proof.at, capture=f"c-{number}", fixture=fixture, clockwork=CLOCKWORK
        )
        for event in events:
            if isinstance(event, StockoutOpened):
                told[event.episode] = Told(event.sku, event.since, proof.at, None, None)
            else:
                one = told[event.episode]
                told[event.episode] = Told(one.sku, one.since, one.opened, event.until, proof.at)
    return list(told.values())


def score(days: Sequence[Day], told: Sequence[Sequence[Told]]) -> Score:
    """Compare what was told with what was true.

    An episode told is of the true one of its SKU that it overlaps; without one it is false. Of several told of one true
    episode the first gives the onset and the last the end.
    """
    slack = max((day.plan.every for day in days), default=timedelta())
    true = lasting = missed = missed_lasting = false = broken = unended = sku_days = 0
    onset: list[float] = []
    delay: list[float] = []
    end: list[float] = []
    end_delay: list[float] = []
    for day, episodes in zip(days, told, strict=True):
        sku_days += len({column.expected.id for column in day.plan.columns})
        taken: set[int] = set()
        for fact in day.stock_outs:
            until = fact.until or day.plan.closes + slack
            own = [
                (number, one)
                for number, one in enumerate(episodes)
                if one.sku == fact.sku and one.since < until and (one.until or day.plan.closes + slack) > fact.since
            ]
            taken |= {number for number, _ in own}
            is_lasting = until - fact.since >= LASTING
            true, lasting = true + 1, lasting + is_lasting
            if not own:
                missed, missed_lasting = missed + 1, missed_lasting + is_lasting
                continue
            first, last = own[0][1], own[-1][1]
            onset.append(_minutes(first.since - fact.since))
            delay.append(_minutes(first.opened - fact.since))
            broken += any(one.closed is not None and one.closed < until for _, one in own)
            if fact.until is not None and last.until is not None and last.closed is not None:
                end.append(_minutes(last.until - fact.until))
                end_delay.append(_minutes(last.closed - fact.until))
            elif fact.until is not None:
                unended += 1
        false += len(episodes) - len(taken)
    return Score(
        days=len(days),
        sku_days=sku_days,
        true=true,
        true_lasting=lasting,
        found=true - missed,
        missed=missed,
        missed_lasting=missed_lasting,
        false=false,
        false_per_100_sku_days=round(100 * false / max(1, sku_days), 3),
        broken=broken,
        unended=unended,
        onset_median=_quantile(onset, 0.5),
        onset_p90=_quantile(onset, 0.9),
        told_median=_quantile(delay, 0.5),
        told_p90=_quantile(delay, 0.9),
        end_median=_quantile(end, 0.5),
        end_p90=_quantile(end, 0.9),
        end_told_median=_quantile(end_delay, 0.5),
        end_told_p90=_quantile(end_delay, 0.9),
    )


def simulate(
    seeds: Sequence[int], noise: Noise, fixture: FixtureSection, *, persistence: float, every: timedelta
) -> Score:
    """Draw days of these seeds, run them, and score what was told."""
    days = [draw_day(seed, every=every) for seed in seeds]
    told = [
        follow(prove(day, noise, seed=seed, rules=fixture.vote, persistence=persistence), fixture)
        for seed, day in zip(seeds, days, strict=True)
    ]
    return score(days, told)


def _slots(day: Day) -> list[Slot]:
    count: dict[tuple[int, str], int] = {}
    for column in day.plan.columns:
        key = (column.shelf, column.expected.id)
        count[key] = count.get(key, 0) + 1
    position: dict[int, int] = {}
    slots = []
    for (shelf, sku), facings in count.items():
        position[shelf] = position.get(shelf, 0) + 1
        slots.append(Slot(shelf, position[shelf], sku, facings))
    return slots


def _minutes(span: timedelta) -> float:
    return span.total_seconds() / 60


def _quantile(values: Sequence[float], share: float) -> float:
    """Of absolute values; not a number without any."""
    return round(float(np.quantile(np.abs(values), share)), 1) if values else float("nan")


def main() -> None:
    """Simulate and print a score."""
    parser = argparse.ArgumentParser(prog="python -m models.train.episodes", description=__doc__)
    parser.add_argument("--days", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="seed of the first day")
    parser.add_argument("--noise", default="photos", help="photos or demo: a file of models/train/noise")
    parser.add_argument("--persistence", type=float, help="0 to 1; without it, as measured on the demo")
    parser.add_argument("--every", type=float, default=20.0, help="minutes between captures")
    parser.add_argument("--fixture", default="{}", help='settings as JSON, such as {"stockout": {"captures": 3}}')
    asked = parser.parse_args()
    persistence = asked.persistence if asked.persistence is not None else load_noise("demo").persistence or 0.0
    result = simulate(
        range(asked.first, asked.first + asked.days),
        load_noise(asked.noise),
        FixtureSection.model_validate({"id": "simulated", **json.loads(asked.fixture)}),
        persistence=persistence,
        every=timedelta(minutes=asked.every),
    )
    for name, value in asdict(result).items():
        print(f"{name:<24}{value}")


if __name__ == "__main__":
    main()

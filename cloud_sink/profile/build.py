"""The store profile: people, goods and place of one store over some business days, joined. Pure."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from cloud_sink.profile.clock_hours import owed_by_hour
from cloud_sink.profile.figures import add_up, figures, passed_share, until_now
from cloud_sink.profile.goods import Told, fixture_shelf, goods
from cloud_sink.profile.goods_model import Completeness
from cloud_sink.profile.grade import grade
from cloud_sink.profile.model import DayLine, FixtureProfile, StoreProfile
from cloud_sink.profile.people import people
from cloud_sink.profile.place import place
from cloud_sink.profile.shelf import Shelf
from cloud_sink.profile.todo import actions
from edge.contract.business_day import opening
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.settings import FixtureSection, GradeSection, StoreSection
    from cloud_sink.profile.model import Contract
    from cloud_sink.store.period import StorePeriod
    from edge.contract.business_day import Clockwork, Span
    from edge.contract.catalogue import Sku


@dataclass(frozen=True)
class Question:
    """Which profile is asked for, and what is known of the store."""

    tenant: str
    store: str
    days: tuple[date, ...]  # ascending, without a gap
    clockwork: Clockwork
    section: StoreSection | None
    products: Mapping[str, Sku]
    now: datetime
    grading: GradeSection
    contracts: tuple[Contract, ...] = ()

    @cached_property
    def openings(self) -> dict[date, Span]:
        """The opening hours of each day."""
        return {day: opening(day, self.clockwork) for day in self.days}


def build_profile(rows: StorePeriod, question: Question) -> StoreProfile:
    """Join what is stored of a store and its days into its profile."""
    so_far = {day: until_now(row, question.openings[day], question.now) for day, row in sorted(rows.days.items())}
    total = figures(add_up(so_far.values()))
    told = Told(
        products=question.products,
        openings=tuple(question.openings.values()),
        now=question.now,
        episodes=rows.episodes,
        known=rows.known,
    )
    fixtures = [_Fixture(rows, name, question, told) for name in _fixtures(rows, question.section)]
    shelf = sum((fixture.shelf for fixture in fixtures), start=Shelf())
    all_goods = goods(shelf, told, figures=total)
    only_day = question.days[0] if len(question.days) == 1 else None
    graded, profiles = grade(all_goods.kpis, question.grading), [fixture.profile() for fixture in fixtures]
    return StoreProfile(
        tenant=question.tenant,
        store=question.store,
        since=question.days[0],
        until=question.days[-1],
        day=only_day,
        simulated=any(counts["simulated"] for counts in rows.fixtures.values()),
        completeness=_together([fixture.kept for fixture in fixtures]),
        silent_days=sum(day not in so_far and hours.since < question.now for day, hours in question.openings.items()),
        figures=total,
        days=[DayLine(day=day, figures=figures(row)) for day, row in so_far.items()],
        people=people(
            rows.traffic,
            total,
            question.clockwork,
            owed=owed_by_hour(rows.days, question.openings, question.clockwork, question.now),
            only_day=only_day,
        ),
        goods=all_goods,
        grade=graded,
        todo=actions(
            shelf,
            profiles,
            graded,
            episodes=rows.episodes,
            looks=rows.looks,
            rejected=rows.rejected,
            products=question.products,
        ),
        fixtures=profiles,
        place=place(rows.devices, question),
    )


def _fixtures(rows: StorePeriod, section: StoreSection | None) -> list[str]:
    """Every fixture that somebody described, saw, or should have seen."""
    described = [fixture.id for fixture in section.fixtures] if section else []
    seen = {name for name, _ in rows.fixtures} | {name for _, name in rows.due}
    return [*described, *sorted(seen - set(described))]


class _Fixture:
    """One fixture while its profile is made."""

    def __init__(self, rows: StorePeriod, name: str, question: Question, told: Told) -> None:
        self._rows = rows
        self._name = name
        self._question = question
        self._told = told
        self._counts: Counter[str] = Counter()
        for (owner, _), counts in rows.fixtures.items():
            if owner == name:
                self._counts.update(counts)  # not `+`, which would drop a freezer's degrees below zero
        self.kept = _kept(rows, name, question)
        self.shelf = fixture_shelf(rows, name)

    def profile(self) -> FixtureProfile:
        """The fixture as it is given out."""
        counts, described = self._counts, self._described()
        episodes = tuple(episode for episode in self._rows.episodes if episode.fixture == self._name)
        rejected: Counter[str] = Counter()
        for (owner, _, reason), captures in self._rows.rejections.items():
            if owner == self._name:
                rejected[reason] += captures
        celsius = divide(counts["cabinet_millicelsius"], counts["cabinet_readings"])
        spoke = counts["door_words"] > 0
        return FixtureProfile(
            fixture=self._name,
            name=described.name if described else None,
            kind=described.kind if described else None,
            captures=counts["accepted"],
            rejected=dict(sorted(rejected.items())),
            completeness=_together([self.kept]),
            goods=goods(self.shelf, replace(self._told, episodes=episodes)),
            door_openings=counts["door_openings"] if spoke else None,
            door_open_seconds=counts["door_open_ms"] / 1000 if spoke else None,
            refills=counts["refills"] if spoke or counts["openings"] else None,
            cabinet_celsius=None if celsius is None else celsius / 1000,
            power=divide(counts["power_readings"] - counts["power_off"], counts["power_readings"]),
        )

    def _described(self) -> FixtureSection | None:
        section = self._question.section
        return next((one for one in section.fixtures if one.id == self._name), None) if section else None


Kept = dict["date", tuple[int, int | None]]
"""By day, scheduled captures accepted and those due by now; None where nobody reported a schedule."""


def _kept(rows: StorePeriod, name: str, question: Question) -> Kept:
    found: Kept = {}
    for day, hours in question.openings.items():
        accepted, due = rows.accepted.get((day, name)), rows.due.get((day, name))
        if due is not None:
            found[day] = (accepted or 0, math.floor(due * passed_share(hours, question.now)))
        elif accepted is not None:
            found[day] = (accepted, None)
    return found


def _together(fixtures: Iterable[Kept]) -> Completeness:
    """The completeness of some fixtures together.

    A day of which one fixture's due captures are unknown is unknown of them all. Captures beyond what one fixture owed
    do not make up for what another missed, nor those of one day for those of another.
    """
    days: dict[date, list[tuple[int, int | None]]] = {}
    for kept in fixtures:
        for day, one in kept.items():
            days.setdefault(day, []).append(one)
    known = [
        [(accepted, due or 0) for accepted, due in one] for one in days.values() if all(d is not None for _, d in one)
    ]
    due = sum(owed for day in known for _, owed in day)
    counted = sum(min(accepted, owed) for day in known for accepted, owed in day)
    return Completeness(
        value=divide(counted, due),
        accepted=sum(accepted for day in days.values() for accepted, _ in day),
        due=due if known else None,
        unknown_days=len(days) - len(known),
    )

"""The store profile: people, goods and place of one store and business day, joined. Pure."""

from __future__ import annotations

import json
import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cloud_sink.profile.goods import fixture_shelf, goods
from cloud_sink.profile.model import (
    Completeness,
    DevicePortrait,
    FixtureProfile,
    Place,
    StoreProfile,
)
from cloud_sink.profile.people import people
from cloud_sink.profile.shelf import Shelf
from edge.contract.business_day import day_span, opening
from edge.shelf.ratio import divide

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.settings import FixtureSection, StoreSection
    from cloud_sink.store.day import CameraDue, DeviceRow, StoreDay
    from edge.contract.business_day import Clockwork, Span
    from edge.contract.catalogue import Sku


@dataclass(frozen=True, slots=True)
class Question:
    """Which profile is asked for, and what is known of the store."""

    tenant: str
    store: str
    day: date
    clockwork: Clockwork
    section: StoreSection | None
    products: Mapping[str, Sku]
    now: datetime


def build_profile(rows: StoreDay, question: Question) -> StoreProfile:
    """Join what is stored of a store and business day into its profile."""
    hours = opening(question.day, question.clockwork)
    fixtures = [_Fixture(rows, name, question, hours) for name in _fixtures(rows, question.section)]
    shelf = sum((fixture.shelf for fixture in fixtures), start=Shelf())
    return StoreProfile(
        tenant=question.tenant,
        store=question.store,
        day=question.day,
        simulated=any(counts["simulated"] for counts in rows.fixtures.values()),
        completeness=_together(fixture.completeness for fixture in fixtures),
        people=people(
            rows.traffic,
            door_openings=sum(counts["door_openings"] for counts in rows.fixtures.values()),
            whole_day=day_span(question.day, question.clockwork),
            hours=hours,
        ),
        goods=goods(shelf, rows.episodes, question.products, hours=hours, now=question.now),
        fixtures=[fixture.profile() for fixture in fixtures],
        place=_place(rows.devices, question, hours),
    )


def _fixtures(rows: StoreDay, section: StoreSection | None) -> list[str]:
    """Every fixture that somebody described, saw, or should have seen."""
    described = [fixture.id for fixture in section.fixtures] if section else []
    seen = {name for name, _ in rows.fixtures} | {due.fixture for due in rows.due}
    return [*described, *sorted(seen - set(described))]


class _Fixture:
    """One fixture while its profile is made."""

    def __init__(self, rows: StoreDay, name: str, question: Question, hours: Span) -> None:
        self._rows = rows
        self._name = name
        self._question = question
        self._hours = hours
        due = [one for one in rows.due if one.fixture == name]
        self._counts: Counter[str] = Counter()
        for (owner, _), counts in rows.fixtures.items():
            if owner == name:
                self._counts.update(counts)  # not `+`, which would drop a freezer's degrees below zero
        self.completeness = _completeness(self._counts["accepted_due"], due, hours, question.now)
        self.shelf = fixture_shelf(
            rows, name, hours=hours, due=max((one.due for one in due), default=0), now=question.now
        )

    def profile(self) -> FixtureProfile:
        """The fixture as it is given out."""
        counts, described = self._counts, self._described()
        episodes = [episode for episode in self._rows.episodes if episode.fixture == self._name]
        rejected: Counter[str] = Counter()
        for (owner, _, reason), captures in self._rows.rejections.items():
            if owner == self._name:
                rejected[reason] += captures
        celsius = divide(counts["cabinet_millicelsius"], counts["cabinet_readings"])
        return FixtureProfile(
            fixture=self._name,
            name=described.name if described else None,
            kind=described.kind if described else None,
            captures=counts["accepted"],
            rejected=dict(sorted(rejected.items())),
            completeness=self.completeness,
            goods=goods(self.shelf, episodes, self._question.products, hours=self._hours, now=self._question.now),
            door_openings=counts["door_openings"],
            door_open_seconds=counts["door_open_ms"] / 1000,
            cabinet_celsius=None if celsius is None else celsius / 1000,
            power=divide(counts["power_readings"] - counts["power_off"], counts["power_readings"]),
        )

    def _described(self) -> FixtureSection | None:
        section = self._question.section
        return next((one for one in section.fixtures if one.id == self._name), None) if section else None


def _completeness(accepted: int, due: Iterable[CameraDue], hours: Span, now: datetime) -> Completeness:
    """Accepted captures of those due by now: what a camera owes this evening is not missing at noon."""
    passed = min(1.0, max(0.0, (now - hours.since).total_seconds() / hours.seconds)) if hours.seconds else 1.0
    reported = list(due)
    owed = sum(math.floor(one.due * passed) for one in reported) if reported else None
    value = None if not owed else min(1.0, accepted / owed)
    return Completeness(value=value, accepted=accepted, due=owed)


def _together(parts: Iterable[Completeness]) -> Completeness:
    """The completeness of a store: unknown as long as one fixture's is that has been seen."""
    gathered = [part for part in parts if part.accepted or part.due is not None]
    accepted = sum(part.accepted for part in gathered)
    owed = [part.due for part in gathered]
    if not owed or None in owed:
        return Completeness(value=None, accepted=accepted, due=None)
    due = sum(one for one in owed if one is not None)
    # Captures beyond what one fixture owed do not make up for what another missed.
    counted = sum(min(part.accepted, part.due or 0) for part in gathered)
    return Completeness(value=divide(counted, due), accepted=accepted, due=due)


def _place(devices: Iterable[DeviceRow], question: Question, hours: Span) -> Place:
    section = question.section
    return Place(
        name=section.name if section else None,
        chain=section.chain if section else None,
        channel=section.channel if section else None,
        city=section.city if section else None,
        gln=section.gln if section else None,
        latitude=section.latitude if section else None,
        longitude=section.longitude if section else None,
        zone=str(question.clockwork.zone),
        opens=hours.since,
        closes=hours.until,
        devices=[
            DevicePortrait(
                device=row.device,
                state=row.state,
                state_since=row.state_at,
                last_seen=row.last_seen,
                missing_events=row.missing,
                health=None if row.health is None else json.loads(row.health),
                health_at=row.health_at,
            )
            for row in devices
        ],
    )

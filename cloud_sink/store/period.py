"""Reading one store over some business days, from roll-ups only: what a profile is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, case, func, select

from cloud_sink.store import settled
from cloud_sink.store.asked import in_period
from cloud_sink.store.day import read_episodes
from cloud_sink.store.place import read_devices, read_looks, read_rejected
from cloud_sink.store.tables import camera_due, fixture_day, rejection_day, sku_day, traffic_hour
from edge.contract.business_day import Span, day_span

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import Column, Connection, Select, Table

    from cloud_sink.store.day import Episode
    from cloud_sink.store.place import DeviceRow, LastLook
    from edge.contract.business_day import Clockwork

Counts = dict[str, int]

DAY_SECONDS = 86_400
BEFORE = timedelta(days=90)
"""A SKU that nobody saw in the store for so long is new there."""


@dataclass(frozen=True, slots=True)
class StorePeriod:
    """All that is stored of one store and the business days of a period."""

    fixtures: Mapping[tuple[str, str], Counts] = field(default_factory=dict)  # by fixture and view
    rejections: Mapping[tuple[str, str, str], int] = field(default_factory=dict)  # by fixture, view and reason
    skus: Mapping[tuple[str, str, str], Counts] = field(default_factory=dict)  # by fixture, view and SKU
    traffic: Mapping[tuple[date, int, str], Counts] = field(
        default_factory=dict
    )  # by the first of days with the same clocks, hour and fixture
    accepted: Mapping[tuple[date, str], int] = field(default_factory=dict)  # in opening hours as scheduled, by fixture
    due: Mapping[tuple[date, str], int] = field(default_factory=dict)  # captures due, by fixture, where reported
    courses: settled.Courses = field(default_factory=dict)  # by fixture and SKU
    days: Mapping[date, Counts] = field(default_factory=dict)  # rows of `store_day`
    episodes: tuple[Episode, ...] = ()
    devices: tuple[DeviceRow, ...] = ()
    looks: tuple[LastLook, ...] = ()  # of the last day
    rejected: Mapping[str, tuple[str, str]] = field(
        default_factory=dict
    )  # of the last day, event and capture by fixture
    known: frozenset[str] | None = None  # SKUs seen in the days before; None when nothing was observed then


def read_period(
    connection: Connection,
    tenant: str,
    store: str,
    *,
    days: Sequence[date],
    clockwork: Clockwork,
    unsettled: Collection[date],
) -> StorePeriod:
    """Read a store's period, its first and last day included.

    Args:
        connection: inside `reading`.
        tenant: whose.
        store: which.
        days: the business days, ascending.
        clockwork: the store's days and clock.
        unsettled: days whose settled rows no longer hold; the caller works them out.
    """
    since, until = days[0], days[-1]
    span = Span(day_span(since, clockwork).since, day_span(until, clockwork).until)
    asked = {"tenant": tenant, "store": store, "since": since, "until": until}
    fixtures = _summed(connection, fixture_day, asked)
    rejections = _summed(connection, rejection_day, asked)
    names = sorted({str(key[0]) for key in fixtures})
    settled_days = settled.store_days(connection, tenant, store, since, until)
    return StorePeriod(
        fixtures=fixtures,
        rejections={key: counts["captures"] for key, counts in rejections.items()},
        skus=_summed(connection, sku_day, asked),
        traffic=_hours(connection, asked, days, clockwork),
        accepted=_by_fixture(connection, _ACCEPTED, asked),
        due=_by_fixture(connection, _DUE, asked),
        courses=settled.course_sums(connection, tenant, store, since, until, without=sorted(unsettled)),
        days={day: row for day, row in settled_days.items() if day not in unsettled},
        episodes=read_episodes(connection, tenant, store, span),
        devices=read_devices(connection, tenant, store),
        looks=tuple(read_looks(connection, tenant, store, until, names)),
        rejected=read_rejected(connection, tenant, store, until, sorted({str(key[0]) for key in rejections})),
        known=_known(connection, asked),
    )


def _summed(connection: Connection, table: Table, asked: Mapping[str, object]) -> dict[Any, Counts]:
    """Sums over the days, by the rest of the key; without rows that corrections emptied."""
    keys, names = _columns(table)
    found = {}
    for row in connection.execute(_summing(table), asked):
        counts = dict(zip(names, map(int, row[len(keys) :]), strict=True))
        if any(counts.values()):
            found[tuple(row[: len(keys)])] = counts
    return found


def _hours(
    connection: Connection, asked: Mapping[str, object], days: Sequence[date], clockwork: Clockwork
) -> dict[tuple[date, int, str], Counts]:
    """Sums by hour and fixture, over all days but those on which the clocks change: their hours have other names."""
    changing = {day for day in days if day_span(day, clockwork).seconds != DAY_SECONDS}
    first = next((day for day in days if day not in changing), days[0])
    keys, names = _columns(traffic_hour)
    found = {}
    for day, *row in connection.execute(_HOURS, {**asked, "changing": sorted(changing)}):
        counts = dict(zip(names, map(int, row[len(keys) :]), strict=True))
        if any(counts.values()):
            found[day or first, row[0], row[1]] = counts
    return found


def _columns(table: Table) -> tuple[list[str], list[str]]:
    keys = [column.name for column in table.primary_key][3:]
    return keys, [column.name for column in table.columns][3 + len(keys) :]


@cache
def _summing(table: Table) -> Select[Any]:
    keys, names = _columns(table)
    by = [table.c[key] for key in keys]
    sums = [func.sum(table.c[name]) for name in names]
    return in_period(select(*by, *sums), table).group_by(*by).order_by(*by)  # means are floats: one order, one sum


def _per_fixture(count: Column[Any]) -> Select[Any]:
    """A column's sums by day and fixture."""
    day, fixture = count.table.c.day, count.table.c.fixture
    return in_period(select(day, fixture, func.sum(count)), count.table).group_by(day, fixture)


def _by_hour() -> Select[Any]:
    c = traffic_hour.c
    changing = case((c.day.in_(bindparam("changing", expanding=True)), c.day)).label("changing")
    keys, names = _columns(traffic_hour)
    by = [changing, *(c[key] for key in keys)]
    return in_period(select(*by, *(func.sum(c[name]) for name in names)), traffic_hour).group_by(*by).order_by(*by)


_HOURS = _by_hour()
_ACCEPTED = _per_fixture(fixture_day.c.accepted_due).having(func.sum(fixture_day.c.accepted) > 0)
_DUE = _per_fixture(camera_due.c.due)
_KNOWN = in_period(select(sku_day.c.sku), sku_day).where(sku_day.c.captures_seen > 0).distinct()


def _by_fixture(
    connection: Connection, statement: Select[Any], asked: Mapping[str, object]
) -> dict[tuple[date, str], int]:
    return {(day, fixture): int(count) for day, fixture, count in connection.execute(statement, asked)}


def _known(connection: Connection, asked: Mapping[str, object]) -> frozenset[str] | None:
    since = asked["since"]
    assert isinstance(since, date)
    before = {**asked, "since": since - min(BEFORE, since - date.min), "until": since - timedelta(days=1)}
    return frozenset(connection.execute(_KNOWN, before).scalars()) or None

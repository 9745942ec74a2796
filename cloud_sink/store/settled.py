"""What was settled of a day: written whole, read as sums over days."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import bindparam, delete, func, select

from cloud_sink.store.asked import in_period, of_store
from cloud_sink.store.dialect import upsert
from cloud_sink.store.settled_tables import sku_course, store_day

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from sqlalchemy import Connection

    from cloud_sink.store.stale import StoreDayKey

Counts = dict[str, int]
Courses = dict[tuple[str, str], Counts]
"""By fixture and SKU."""

COURSE = tuple(column.name for column in sku_course.columns if not column.primary_key)
STORE = tuple(column.name for column in store_day.columns if not column.primary_key)


def write(connection: Connection, key: StoreDayKey, store: Mapping[str, int], courses: Courses) -> None:
    """Put a day in place of what was settled of it before."""
    tenant, name, day = key
    c = sku_course.c
    connection.execute(delete(sku_course).where(c.tenant == tenant, c.store == name, c.day == day))
    upsert(
        connection,
        sku_course,
        ("tenant", "store", "day", "fixture", "sku", *COURSE),
        [(*key, *of, *(counts.get(column, 0) for column in COURSE)) for of, counts in sorted(courses.items())],
        {},
    )
    upsert(
        connection,
        store_day,
        ("tenant", "store", "day", *STORE),
        [(*key, *(store.get(column, 0) for column in STORE))],
        dict.fromkeys(STORE, "excluded.{}"),
    )


_COURSES = in_period(
    select(sku_course.c.fixture, sku_course.c.sku, *(func.sum(sku_course.c[name]) for name in COURSE)), sku_course
).where(sku_course.c.day.not_in(bindparam("without", expanding=True)))
_COURSES = _COURSES.group_by(sku_course.c.fixture, sku_course.c.sku).order_by(sku_course.c.fixture, sku_course.c.sku)
# Of some stores each day is named: asked for a range of days SQLite reads all stores of them.
_DAYS = (
    of_store(select(store_day.c.day, *(store_day.c[name] for name in STORE)), store_day)
    .where(store_day.c.day.in_(bindparam("days", expanding=True)))
    .order_by(store_day.c.day)
)


def course_sums(
    connection: Connection, tenant: str, store: str, since: date, until: date, *, without: Sequence[date] = ()
) -> Courses:
    """How each SKU of each fixture fared over the days of a period, some left out."""
    asked = {"tenant": tenant, "store": store, "since": since, "until": until, "without": list(without)}
    return {
        (row[0], row[1]): dict(zip(COURSE, map(int, row[2:]), strict=True))
        for row in connection.execute(_COURSES, asked)
    }


def courses_by_day(connection: Connection, tenant: str, store: str, since: date, until: date) -> dict[date, Courses]:
    """The same, each day for itself."""
    c = sku_course.c
    statement = select(c.day, c.fixture, c.sku, *(c[name] for name in COURSE)).where(
        c.tenant == tenant, c.store == store, c.day >= since, c.day <= until
    )
    found: dict[date, Courses] = {}
    for row in connection.execute(statement.order_by(c.day, c.fixture, c.sku)):
        found.setdefault(row[0], {})[row[1], row[2]] = dict(zip(COURSE, row[3:], strict=True))
    return found


def store_days(connection: Connection, tenant: str, store: str, since: date, until: date) -> dict[date, Counts]:
    """One store, day by day, ascending."""
    rows = connection.execute(_DAYS, {"tenant": tenant, "store": store, "days": _days(since, until)})
    return {row[0]: dict(zip(STORE, row[1:], strict=True)) for row in rows}


def store_sums(
    connection: Connection,
    tenant: str,
    since: date,
    until: date,
    *,
    names: Iterable[str] = STORE,
    only: Sequence[str] | None = None,
) -> dict[str, Counts]:
    """A tenant's stores over a period, all or some, and of how many days each has a row (`days`)."""
    c, wanted = store_day.c, tuple(names)
    sums = [func.sum(c[name]) for name in wanted]
    statement = select(c.store, func.count(), *sums).where(c.tenant == tenant)
    if only is None:
        statement = statement.where(c.day >= since, c.day <= until)
    else:
        statement = statement.where(c.day.in_(_days(since, until)), c.store.in_(only))
    counted = ("days", *wanted)
    rows = connection.execute(statement.group_by(c.store)).all()  # at once: of thousands, one by one takes longer
    return {row[0]: dict(zip(counted, map(int, row[1:]), strict=True)) for row in rows}


def totals_by_day(
    connection: Connection, tenant: str, since: date, until: date, *, only: Sequence[str] | None = None
) -> dict[date, Counts]:
    """All stores of a tenant, or some, together, day by day, ascending; `days` is how many stores have a row."""
    c = store_day.c
    sums = [func.sum(c[name]) for name in STORE]
    statement = select(c.day, func.count(), *sums).where(c.tenant == tenant, c.day >= since, c.day <= until)
    if only is not None:
        statement = statement.where(c.store.in_(only))
    return {
        row[0]: {"days": int(row[1])} | dict(zip(STORE, map(int, row[2:]), strict=True))
        for row in connection.execute(statement.group_by(c.day).order_by(c.day))
    }


def days_of(
    connection: Connection, tenant: str, stores: Sequence[str], since: date, until: date, *, names: Iterable[str]
) -> dict[str, dict[date, Counts]]:
    """Some stores, each day by day."""
    c, wanted = store_day.c, tuple(names)
    statement = select(c.store, c.day, *(c[name] for name in wanted)).where(
        c.tenant == tenant, c.day >= since, c.day <= until, c.store.in_(stores)
    )
    found: dict[str, dict[date, Counts]] = {}
    for row in connection.execute(statement):
        found.setdefault(row[0], {})[row[1]] = dict(zip(wanted, row[2:], strict=True))
    return found


def rows_between(
    connection: Connection, tenant: str, since: date, until: date, *, names: Sequence[str] = STORE
) -> dict[tuple[str, date], Counts]:
    """Every row of a tenant in some days, or some columns of it, by store and day."""
    c = store_day.c
    statement = select(c.store, c.day, *(c[name] for name in names)).where(
        c.tenant == tenant, c.day >= since, c.day <= until
    )
    return {(row[0], row[1]): dict(zip(names, row[2:], strict=True)) for row in connection.execute(statement)}


def _days(since: date, until: date) -> list[date]:
    return [since + timedelta(days=day) for day in range((until - since).days + 1)]

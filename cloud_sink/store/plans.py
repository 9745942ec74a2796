"""Planograms by name and version, and which of them holds for a fixture on a business day."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, delete, func, insert, select

from cloud_sink.store.dialect import put
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.plan_tables import assignments, planograms
from edge.contract.planogram import Planogram, parse_planogram, write_planogram

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import Connection, Row


class NoPlanogram(Exception):  # noqa: N818 - a state, not a fault
    """No planogram, or no version of it, is stored under that name."""


@dataclass(frozen=True, slots=True)
class PlanogramVersion:
    """One version of a planogram."""

    tenant: str
    name: str
    version: int
    plan: Planogram
    note: str
    at: datetime
    who: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """A planogram's version for one fixture, from a business day until the next one of the fixture begins."""

    tenant: str
    store: str
    fixture: str
    since: date
    name: str
    version: int
    at: datetime
    who: str


def add_version(
    connection: Connection, tenant: str, name: str, plan: Planogram, *, note: str, at: datetime, who: str
) -> PlanogramVersion:
    """Keep a planogram as the next version under its name; the very same as the latest is the latest.

    Args:
        connection: inside `writing`.
        tenant: whose it is.
        name: what its versions are called.
        plan: the planogram.
        note: what a person wrote about it.
        at: now.
        who: uploads it.
    """
    text = write_planogram(plan)
    latest = find(connection, tenant, name)
    if latest is not None and write_planogram(latest.plan) == text:
        return latest
    number = 1 if latest is None else latest.version + 1
    values = {"tenant": tenant, "name": name, "version": number, "text": text, "note": note, "who": who}
    connection.execute(insert(planograms).values(**values, at=to_ms(at)))
    found = find(connection, tenant, name, number)
    assert found is not None
    return found


def find(connection: Connection, tenant: str, name: str, version: int | None = None) -> PlanogramVersion | None:
    """A version of a planogram, the latest without a number; None where there is none."""
    c = planograms.c
    wanted = and_(c.tenant == tenant, c.name == name, *(() if version is None else (c.version == version,)))
    row = connection.execute(select(planograms).where(wanted).order_by(c.version.desc()).limit(1)).one_or_none()
    return None if row is None else _version(row)


def listed(
    connection: Connection, tenant: str | None, *, after: tuple[str, str] = ("", ""), limit: int = 100
) -> list[PlanogramVersion]:
    """The latest version of each planogram, in the order of tenants and names, behind a tenant and name."""
    c = planograms.c
    newest = select(c.tenant, c.name, func.max(c.version).label("version")).group_by(c.tenant, c.name).subquery()
    same = and_(c.tenant == newest.c.tenant, c.name == newest.c.name, c.version == newest.c.version)
    statement = select(planograms).join(newest, same).order_by(c.tenant, c.name).limit(limit)
    if tenant is not None:
        statement = statement.where(c.tenant == tenant)
    behind = (c.tenant > after[0]) | ((c.tenant == after[0]) & (c.name > after[1]))
    return [_version(row) for row in connection.execute(statement.where(behind))]


def versions(connection: Connection, tenant: str, name: str) -> list[PlanogramVersion]:
    """Every version of a planogram, the latest first."""
    c = planograms.c
    statement = select(planograms).where(c.tenant == tenant, c.name == name).order_by(c.version.desc())
    return [_version(row) for row in connection.execute(statement)]


def assign(connection: Connection, wanted: Sequence[Assignment]) -> None:
    """Let versions hold for fixtures from a day on, in the place of what was to begin on that very day.

    Args:
        connection: inside `writing`.
        wanted: no fixture and day twice.

    Raises:
        NoPlanogram: a version is not stored; nothing was assigned.
    """
    for one in wanted:
        if find(connection, one.tenant, one.name, one.version) is None:
            raise NoPlanogram(f"planogram {one.name} has no version {one.version}")
    put(connection, assignments, [_assignment_values(one) for one in wanted])


def withdraw(connection: Connection, tenant: str, store: str, fixture: str, since: date) -> bool:
    """Take an assignment back; what held before it holds on. Whether there was one."""
    c = assignments.c
    this = and_(c.tenant == tenant, c.store == store, c.fixture == fixture, c.since == since)
    return connection.execute(delete(assignments).where(this)).rowcount > 0


def assigned(
    connection: Connection, tenant: str | None, *, store: str | None = None, name: str | None = None
) -> list[Assignment]:
    """Assignments in the order of stores, fixtures and days."""
    c = assignments.c
    statement = select(assignments).order_by(c.tenant, c.store, c.fixture, c.since)
    for column, value in ((c.tenant, tenant), (c.store, store), (c.name, name)):
        if value is not None:
            statement = statement.where(column == value)
    return [_assignment(row) for row in connection.execute(statement)]


def in_force(connection: Connection, tenant: str, store: str, fixture: str, day: date) -> PlanogramVersion | None:
    """What is planned for a fixture on a business day; None where nothing was assigned yet."""
    c = assignments.c
    held = (
        select(c.name, c.version)
        .where(c.tenant == tenant, c.store == store, c.fixture == fixture, c.since <= day)
        .order_by(c.since.desc())
        .limit(1)
    )
    row = connection.execute(held).one_or_none()
    return None if row is None else find(connection, tenant, row.name, row.version)


def _version(row: Row[Any]) -> PlanogramVersion:
    plan = parse_planogram(row.text, name=f"{row.name} version {row.version}", plan_id=f"{row.name}@{row.version}")
    return PlanogramVersion(row.tenant, row.name, row.version, plan, row.note, from_ms(row.at), row.who)


def _assignment(row: Row[Any]) -> Assignment:
    return Assignment(row.tenant, row.store, row.fixture, row.since, row.name, row.version, from_ms(row.at), row.who)


def _assignment_values(one: Assignment) -> dict[str, Any]:
    return {
        "tenant": one.tenant,
        "store": one.store,
        "fixture": one.fixture,
        "since": one.since,
        "name": one.name,
        "version": one.version,
        "at": to_ms(one.at),
        "who": one.who,
    }

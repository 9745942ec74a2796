"""Tasks and their steps: made once for what is not over, moved step by step, verified by what comes next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from sqlalchemy import and_, func, insert, select, update

from cloud_sink.store import corrections
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import events
from cloud_sink.store.task_tables import steps, tasks
from cloud_sink.tasks.course import FOLLOWS, OVER, is_shown_done

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from sqlalchemy import ColumnElement, Connection, Row

    from cloud_sink.tasks.course import Kind, State

MACHINE = "the next capture"
"""Who verifies or disputes without a person."""


class WrongStep(Exception):  # noqa: N818 - a state, not a fault
    """The task is not where this step begins."""


@dataclass(frozen=True, slots=True)
class NewTask:
    """What needs doing."""

    tenant: str
    store: str
    fixture: str
    kind: Kind
    sku: str = ""  # empty: of the whole fixture
    assigned: str = ""  # empty: nobody's yet
    due: date | None = None


@dataclass(frozen=True, slots=True)
class Task(NewTask):
    """A task where it stands."""

    id: int = 0
    state: State = "open"
    made: datetime | None = None
    moved: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What somebody, or a capture, made of a task."""

    state: State
    at: datetime
    who: str
    note: str = ""
    photograph: str | None = None  # SHA-256
    capture: str | None = None


def make(connection: Connection, wanted: NewTask, *, at: datetime, who: str) -> Task:
    """Make a task; where the same is not over yet, that one is given.

    Args:
        connection: inside `writing`.
        wanted: what needs doing.
        at: now.
        who: makes it.
    """
    c = tasks.c
    same = and_(
        c.tenant == wanted.tenant,
        c.store == wanted.store,
        c.fixture == wanted.fixture,
        c.kind == wanted.kind,
        c.sku == wanted.sku,
        c.state.not_in(sorted(OVER)),
    )
    there = connection.execute(select(tasks).where(same).with_for_update()).one_or_none()
    if there is not None:
        return _task(there)
    values = {
        "tenant": wanted.tenant,
        "store": wanted.store,
        "fixture": wanted.fixture,
        "kind": wanted.kind,
        "sku": wanted.sku,
        "assigned": wanted.assigned,
        "due": wanted.due,
        "state": "open",
        "made": to_ms(at),
        "moved": to_ms(at),
    }
    row = connection.execute(insert(tasks).values(**values).returning(*tasks.c)).one()
    _add_step(connection, _task(row), Step("open", at, who))
    return _task(row)


def move(connection: Connection, tenant: str, number: int, step: Step) -> Task | None:
    """Take a task one step on; None where the tenant has no such task.

    Args:
        connection: inside `writing`.
        tenant: whose it is.
        number: of the task.
        step: what became of it.

    Raises:
        WrongStep: the task is not where this step begins.
    """
    this = and_(tasks.c.tenant == tenant, tasks.c.id == number)
    row = connection.execute(select(tasks).where(this).with_for_update()).one_or_none()
    if row is None:
        return None
    if step.state not in FOLLOWS[row.state]:
        raise WrongStep(f"a task that is {row.state} cannot become {step.state}")
    row = connection.execute(
        update(tasks).where(this).values(state=step.state, moved=to_ms(step.at)).returning(*tasks.c)
    ).one()
    _add_step(connection, _task(row), step)
    return _task(row)


def assign(connection: Connection, tenant: str, number: int, assigned: str, due: date | None) -> Task | None:
    """Give a task to somebody, until a day; None where the tenant has no such task."""
    this = and_(tasks.c.tenant == tenant, tasks.c.id == number)
    change = update(tasks).where(this).values(assigned=assigned, due=due).returning(*tasks.c)
    row = connection.execute(change).one_or_none()
    return None if row is None else _task(row)


def find(connection: Connection, tenant: str, number: int) -> Task | None:
    """One task."""
    row = connection.execute(select(tasks).where(tasks.c.tenant == tenant, tasks.c.id == number)).one_or_none()
    return None if row is None else _task(row)


def steps_of(connection: Connection, tenant: str, number: int) -> list[Step]:
    """What became of a task, from the first."""
    c = steps.c
    statement = select(steps).where(c.tenant == tenant, c.task == number).order_by(c.number)
    return [
        Step(row.state, from_ms(row.at), row.who, row.note, row.photograph, row.capture)
        for row in connection.execute(statement)
    ]


def listed(
    connection: Connection,
    tenant: str | None,
    *,
    states: Sequence[State] = (),
    store: str | None = None,
    assigned: str | None = None,
    after: int = 0,
    limit: int = 100,
) -> list[Task]:
    """Tasks by their number, behind the number `after`."""
    c = tasks.c
    where: list[ColumnElement[bool]] = [c.id > after]
    where += [column == value for column, value in ((c.tenant, tenant), (c.store, store)) if value is not None]
    where += [] if assigned is None else [c.assigned == assigned]
    where += [c.state.in_(states)] if states else []
    return [_task(row) for row in connection.execute(select(tasks).where(and_(*where)).order_by(c.id).limit(limit))]


def verify(connection: Connection, task: Task, now: datetime) -> Task:
    """Compare a task that is done with the next accepted capture of its fixture; without one it stays done.

    Args:
        connection: inside `writing`.
        task: that is done.
        now: when it is looked at.
    """
    assert task.moved is not None
    c = events.c
    this = and_(
        c.tenant == task.tenant, c.store == task.store, c.type == "shelf.observed.v1", c.fixture == task.fixture
    )
    # A business day begins at most a day before or after the calendar's: so the days tell where to look.
    near = c.day >= task.moved.date() - timedelta(days=1)
    statement = select(c.body).where(this, near, c.at > to_ms(task.moved)).order_by(c.day, c.at).limit(1)
    body = connection.execute(statement).scalar_one_or_none()
    if body is None:
        return task
    seen = corrections.as_it_counts(body, task.tenant, corrections.of_store(connection, task.tenant, task.store))
    shown = is_shown_done(task.kind, task.sku, seen)
    step = Step("verified" if shown else "disputed", now, MACHINE, capture=seen.capture)
    return move(connection, task.tenant, task.id, step) or task


def _add_step(connection: Connection, task: Task, step: Step) -> None:
    last = connection.execute(select(func.max(steps.c.number)).where(steps.c.task == task.id)).scalar_one()
    connection.execute(
        insert(steps).values(
            task=task.id,
            number=(last or 0) + 1,
            tenant=task.tenant,
            store=task.store,
            state=step.state,
            at=to_ms(step.at),
            who=step.who,
            note=step.note,
            photograph=step.photograph,
            capture=step.capture,
        )
    )


def _task(row: Row[Any]) -> Task:
    return Task(
        tenant=row.tenant,
        store=row.store,
        fixture=row.fixture,
        kind=row.kind,
        sku=row.sku,
        assigned=row.assigned,
        due=row.due,
        id=row.id,
        state=row.state,
        made=from_ms(row.made),
        moved=from_ms(row.moved),
    )

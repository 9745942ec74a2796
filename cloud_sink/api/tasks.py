"""Tasks: made, given to somebody, done with a photograph, verified by the next capture or disputed."""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field, StringConstraints

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, Worker, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.store import tasks
from cloud_sink.store.database import reading, writing
from cloud_sink.tasks.course import Kind, State
from edge.contract.names import Sha256, SkuId, Slug

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

Number = Annotated[int, Path(ge=1, lt=2**63, description="of the task")]
Person = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
_TAKEN = described(HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT)
_NONE = described(HTTPStatus.NOT_FOUND)


class NewTask(BaseModel):
    """What needs doing. The same is made once until it is over."""

    model_config = example(
        store="store-01", fixture="cooler-1", kind="refill", sku="lurra-cola-330", assigned="Mai", due="2026-03-15"
    )

    store: Slug
    fixture: Slug
    kind: Kind
    sku: SkuId | None = Field(None, description="of a refill; left out for the whole fixture")
    assigned: Person = Field("", description="who does it")
    due: date | None = Field(None, description="until when")


class Hand(BaseModel):
    """Who does a task, until when."""

    model_config = example(assigned="Mai", due="2026-03-16")

    assigned: Person
    due: date | None = None


class NewStep(BaseModel):
    """What became of a task."""

    model_config = example(state="done", note="two cartons from the back room", photograph=None)

    state: State
    note: Annotated[str, Field(max_length=1000)] = ""
    photograph: Sha256 | None = Field(None, description="of a photograph that was uploaded as evidence")


class StepLine(NewStep):
    """A step, and who took it."""

    model_config = example(
        state="verified",
        note="",
        photograph=None,
        capture="cam-1-20260315t020000",
        at="2026-03-15T02:00:05Z",
        who="the next capture",
    )

    at: datetime
    who: str
    capture: str | None = Field(None, description="that showed it, or did not")


class TaskLine(BaseModel):
    """A task where it stands."""

    model_config = example(
        id=7,
        tenant="acme",
        store="store-01",
        fixture="cooler-1",
        kind="refill",
        sku="lurra-cola-330",
        assigned="Mai",
        due="2026-03-15",
        state="open",
        made="2026-03-14T02:00:00Z",
        moved="2026-03-14T02:00:00Z",
    )

    id: int
    tenant: str
    store: str
    fixture: str
    kind: Kind
    sku: str | None
    assigned: str
    due: date | None
    state: State
    made: datetime
    moved: datetime = Field(description="when its state changed last")


class TaskWhole(TaskLine):
    """A task with all its steps."""

    model_config = example(
        id=7,
        tenant="acme",
        store="store-01",
        fixture="cooler-1",
        kind="refill",
        sku="lurra-cola-330",
        assigned="Mai",
        due="2026-03-15",
        state="open",
        made="2026-03-14T02:00:00Z",
        moved="2026-03-14T02:00:00Z",
        steps=[
            {
                "state": "open",
                "note": "",
                "photograph": None,
                "capture": None,
                "at": "2026-03-14T02:00:00Z",
                "who": "user mai",
            }
        ],
    )

    steps: list[StepLine]


class TaskPage(BaseModel):
    """Some tasks, by their numbers."""

    tasks: list[TaskLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoints of tasks."""
    routes = APIRouter(prefix="/api/v1/tasks", tags=["tasks"])
    _add_reading(routes, context)
    _add_changes(routes, context)
    return routes


def _add_reading(routes: APIRouter, context: Context) -> None:
    @routes.get("")
    def list_tasks(
        *,
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        state: Annotated[State | None, Query(description="in this state; in any, if left out")] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> TaskPage:
        """List tasks by their numbers."""
        key = key_of(cursor, int)
        with reading(context.engine) as connection:
            found = tasks.listed(
                connection,
                tenant_of(who, tenant),
                store=store,
                states=(state,) if state else (),
                after=int(key[0]) if key else 0,
                limit=limit + 1,
            )
        shown, following = page(found, limit, lambda one: (one.id,))
        return TaskPage(tasks=[_line(one) for one in shown], next=following)

    @routes.get("/{task}", responses=_NONE)
    def get_task(who: Figures, task: Number, tenant: Tenant = None) -> TaskWhole:
        """One task with all its steps."""
        owner = one_tenant(who, tenant)
        with reading(context.engine) as connection:
            found = tasks.find(connection, owner, task)
            steps = tasks.steps_of(connection, owner, task)
        if found is None:
            raise _none(task)
        lines = [StepLine.model_validate(one, from_attributes=True) for one in steps]
        return TaskWhole(**_line(found).model_dump(), steps=lines)


def _add_changes(routes: APIRouter, context: Context) -> None:
    @routes.post("", status_code=HTTPStatus.CREATED, responses=_NONE)
    def post_task(who: Worker, wanted: NewTask, tenant: Tenant = None) -> TaskLine:
        """Make a task; where the same is not over yet, that one is answered."""
        owner = one_tenant(who, tenant)
        if context.stores.find(owner, wanted.store) is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no store {wanted.store}")
        new = tasks.NewTask(
            owner, wanted.store, wanted.fixture, wanted.kind, wanted.sku or "", wanted.assigned, wanted.due
        )
        with writing(context.engine) as connection:
            return _line(tasks.make(connection, new, at=datetime.now(UTC), who=who.label))

    @routes.put("/{task}/assigned", responses=_NONE)
    def put_assigned(who: Worker, task: Number, hand: Hand, tenant: Tenant = None) -> TaskLine:
        """Give a task to somebody, until a day."""
        with writing(context.engine) as connection:
            found = tasks.assign(connection, one_tenant(who, tenant), task, hand.assigned, hand.due)
        if found is None:
            raise _none(task)
        return _line(found)

    @routes.post("/{task}/steps", status_code=HTTPStatus.CREATED, responses=_TAKEN)
    def post_step(who: Worker, task: Number, step: NewStep, tenant: Tenant = None) -> TaskLine:
        """Take a task one step on: open -> done -> verified or disputed; a dropped one is over."""
        owner = one_tenant(who, tenant)
        taken = tasks.Step(step.state, datetime.now(UTC), who.label, step.note, step.photograph)
        try:
            with writing(context.engine) as connection:
                found = tasks.move(connection, owner, task, taken)
        except tasks.WrongStep as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        if found is None:
            raise _none(task)
        return _line(found)


def _none(number: int) -> Problem:
    return Problem(HTTPStatus.NOT_FOUND, f"no task {number}")


def _line(one: tasks.Task) -> TaskLine:
    assert one.made is not None
    assert one.moved is not None
    return TaskLine(
        id=one.id,
        tenant=one.tenant,
        store=one.store,
        fixture=one.fixture,
        kind=one.kind,
        sku=one.sku or None,
        assigned=one.assigned,
        due=one.due,
        state=one.state,
        made=one.made,
        moved=one.moved,
    )

"""Tasks: what needs doing, who does it, the representative's photograph, and what the next capture showed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, get_args

from fastapi import APIRouter, Body, Path, Response

from cloud_sink.api.evidence import JPEG, MAX_BYTES
from cloud_sink.api.problems import Problem
from cloud_sink.store import tasks
from cloud_sink.store.database import reading, writing
from cloud_sink.tasks.course import FOLLOWS, Kind, State
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.visit import Reader, Worker  # noqa: TC001 - as above
from edge.contract.topics import Address

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.store.tasks import Step, Task
    from cloud_sink.web.shell import Shell
    from cloud_sink.web.visit import Visit

PAGE = Page("tasks", "/tasks", icon="tasks", group="work", order=10)

Number = Annotated[int, Path(ge=1, lt=2**63)]
GROUPS: tuple[tuple[str, tuple[State, ...]], ...] = (
    ("to_do", ("open", "disputed")),
    ("waiting", ("done",)),
    ("over", ("verified", "dropped")),
)
_MOST = 500
_BY_HAND: tuple[State, ...] = ("done", "verified", "disputed", "dropped")
"""Steps that people take, in the order of their buttons."""

_ASK_AGAIN = json.dumps({"live": {"target": "#today"}})

REPRESENTATIVE = "representative"
"""Whose photographs those of tasks are, beside those of devices."""


@dataclass(frozen=True, slots=True)
class Card:
    """A task with its course, and the steps that may follow."""

    task: Task
    steps: list[Step]
    store_name: str
    fixture_name: str
    sku_name: str
    late: bool

    @property
    def next(self) -> tuple[State, ...]:
        """What a person may make of it."""
        return tuple(state for state in _BY_HAND if state in FOLLOWS[self.task.state])

    @property
    def photograph(self) -> str | None:
        """The last photograph that somebody took for it."""
        return next((step.photograph for step in reversed(self.steps) if step.photograph), None)


def router(context: Context, shell: Shell) -> APIRouter:
    """The page, and what its forms are sent to."""
    routes = APIRouter(include_in_schema=False)

    @routes.get("/tasks")
    def show(visit: Reader, mine: str = "") -> Response:
        """Every task by where it stands; of one person with `mine`."""
        groups = [(name, _cards(context, visit, states, mine)) for name, states in GROUPS]
        return shell.page(
            visit,
            "tasks.html",
            here="tasks",
            cards=dict(groups),
            mine=mine,
            kinds=get_args(Kind),
            people=sorted({card.task.assigned for _, cards in groups for card in cards if card.task.assigned}),
            spots=[
                (f"{one.id}/{fixture.id}", f"{one.name} · {fixture.name or fixture.id}")
                for one in context.stores.described
                if one.tenant == visit.tenant
                for fixture in one.fixtures
            ][:_MOST],
            products=context.products.of(visit.tenant),
        )

    @routes.post("/tasks")
    def make(visit: Worker, given: Form) -> Response:
        """Make a task, from the form here or from a line of the day's list."""
        store, _, fixture = given.get("spot", "").partition("/")
        kind = given.get("kind", "")
        if context.stores.find(visit.tenant, store) is None or not fixture or kind not in get_args(Kind):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "name a fixture as store/fixture, and what is to be done")
        new = tasks.NewTask(
            visit.tenant,
            store,
            fixture[:63],
            kind,  # type: ignore[arg-type]  # checked above
            given.get("sku", "").strip()[:64],
            given.get("assigned", "").strip()[:200],
            _day(given.get("due", "")),
        )
        with writing(context.engine) as connection:
            tasks.make(connection, new, at=visit.now, who=visit.who.label)
        if given.get("from") == "today":  # its list is asked for again, and nobody loses their place
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Trigger": _ASK_AGAIN})
        return _back()

    _add_steps(routes, context)
    return routes


def _add_steps(routes: APIRouter, context: Context) -> None:
    @routes.post("/tasks/{task}/assign")
    def assign(visit: Worker, task: Number, given: Form) -> Response:
        """Give it to somebody, until a day."""
        with writing(context.engine) as connection:
            person, due = given.get("assigned", "").strip()[:200], _day(given.get("due", ""))
            if tasks.assign(connection, visit.tenant, task, person, due) is None:
                raise Problem(HTTPStatus.NOT_FOUND, f"no task {task}")
        return _back()

    @routes.post("/tasks/{task}/photograph")
    def photograph(
        visit: Worker, task: Number, content: Annotated[bytes, Body(media_type="image/jpeg")] = b""
    ) -> Response:
        """Keep the representative's photograph; what answers is its hash, for the step that it belongs to."""
        with reading(context.engine) as connection:
            found = tasks.find(connection, visit.tenant, task)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no task {task}")
        _check_jpeg(content)
        sha256 = hashlib.sha256(content).hexdigest()
        context.photographs.take(Address(visit.tenant, found.store, REPRESENTATIVE), sha256, content, visit.now)
        return Response(sha256, media_type="text/plain")

    @routes.post("/tasks/{task}/step")
    def step(visit: Worker, task: Number, given: Form) -> Response:
        """Take it one step on."""
        state = given.get("state", "")
        if state not in _BY_HAND:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"state is one of {', '.join(_BY_HAND)}")
        sha256 = given.get("photograph") or None
        taken = tasks.Step(
            state,
            visit.now,
            visit.who.label,
            given.get("note", "")[:1000],
            sha256 if sha256 and len(sha256) == 64 else None,  # noqa: PLR2004 - of a SHA-256
        )
        try:
            with writing(context.engine) as connection:
                if tasks.move(connection, visit.tenant, task, taken) is None:
                    raise Problem(HTTPStatus.NOT_FOUND, f"no task {task}")
        except tasks.WrongStep as error:
            raise Problem(HTTPStatus.CONFLICT, str(error)) from None
        return _back()


def _cards(context: Context, visit: Visit, states: tuple[State, ...], mine: str) -> list[Card]:
    with reading(context.engine) as connection:
        found = tasks.listed(connection, visit.tenant, states=states, assigned=mine or None, limit=_MOST)
        courses = {one.id: tasks.steps_of(connection, visit.tenant, one.id) for one in found}
    return [
        _card(context, visit, one, courses[one.id])
        for one in sorted(found, key=lambda one: (one.due or date.max, -one.id))
    ]


def _card(context: Context, visit: Visit, task: Task, steps: list[Step]) -> Card:
    store, product = context.stores.find(visit.tenant, task.store), context.products.of(visit.tenant).get(task.sku)
    return Card(
        task,
        steps,
        store.name if store else task.store,
        next((one.name for one in store.fixtures if one.id == task.fixture and one.name), task.fixture)
        if store
        else task.fixture,
        product.name if product else task.sku,
        late=task.due is not None and task.due < visit.now.date() and task.state in {"open", "disputed"},
    )


def _check_jpeg(content: bytes) -> None:
    if len(content) > MAX_BYTES:
        raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a photograph has at most {MAX_BYTES} bytes")
    if not content.startswith(JPEG):
        raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send a JPEG")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "a day is YYYY-MM-DD") from None


def _back() -> Response:
    return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

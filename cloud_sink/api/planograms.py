"""Planograms: uploaded and checked, kept version after version, assigned to fixtures from a day on."""

from __future__ import annotations

from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Body, Path, Query, Response
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, Planner, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.fleet.planogram_upload import read_upload
from cloud_sink.store import plans
from cloud_sink.store.database import reading, writing
from edge.contract.names import Slug
from edge.contract.planogram import Planogram, write_planogram

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

Name = Annotated[str, Path(pattern=SLUG, description="what all versions of the planogram are called")]
File = Annotated[
    bytes,
    Body(media_type="text/csv", description="our CSV, shelf,position,sku,facings[,width_mm], or a PTS file"),
]
Version = Annotated[int | None, Query(ge=1, lt=2**31, description="left out: the latest")]
_NONE = described(HTTPStatus.NOT_FOUND)
_FILE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}}}, **_NONE}


class SlotLine(BaseModel):
    """One place of a planogram. Shelves count from the bottom, positions from the left."""

    shelf: int
    position: int
    sku: str
    facings: int
    width_mm: float | None = Field(description="of one facing; null where the file gave none")


class PlanogramLine(BaseModel):
    """A version of a planogram, without its places."""

    model_config = example(
        tenant="acme",
        name="cooler-summer",
        version=2,
        shelves=5,
        skus=18,
        facings=62,
        note="cola on two shelves",
        at="2026-03-14T02:00:00Z",
        who="user mai",
    )

    tenant: str
    name: str
    version: int
    shelves: int
    skus: int
    facings: int
    note: str
    at: datetime
    who: str


class PlanogramWhole(PlanogramLine):
    """A version of a planogram with all its places."""

    model_config = example(
        tenant="acme",
        name="cooler-summer",
        version=2,
        shelves=1,
        skus=1,
        facings=4,
        note="",
        at="2026-03-14T02:00:00Z",
        who="user mai",
        slots=[{"shelf": 1, "position": 1, "sku": "lurra-cola-330", "facings": 4, "width_mm": 66.0}],
    )

    slots: list[SlotLine]


class PlanogramPage(BaseModel):
    """The latest version of some planograms."""

    planograms: list[PlanogramLine]
    next: str | None


class Checked(BaseModel):
    """What is read of an uploaded file."""

    model_config = example(
        stored=None,
        faults=[
            "cooler-summer: line 4: column facings is 'two': input should be a valid integer (facings are at least 1)"
        ],
        notes=[],
        unknown=[],
    )

    stored: PlanogramLine | None = Field(
        description="the version it is now; null when it was only checked, or is wrong"
    )
    faults: list[str] = Field(description="all that is wrong, each with its line and column")
    notes: list[str]
    unknown: list[str] = Field(description="planned SKUs that no catalogue of the sink has")


class NewAssignment(BaseModel):
    """From a business day on, a version of a planogram is what a fixture should show."""

    model_config = example(store="store-01", fixture="cooler-1", since="2026-04-01", name="cooler-summer", version=2)

    store: Slug
    fixture: Slug
    since: date
    name: Slug
    version: Annotated[int, Field(ge=1, lt=2**31)]


class NewAssignments(BaseModel):
    """Several at once: all are made, or none."""

    model_config = example(
        assignments=[
            {"store": "store-01", "fixture": "cooler-1", "since": "2026-04-01", "name": "cooler-summer", "version": 2}
        ]
    )

    assignments: Annotated[list[NewAssignment], Field(min_length=1, max_length=1000)]


class AssignmentLine(NewAssignment):
    """An assignment, and who made it."""

    model_config = example(
        store="store-01",
        fixture="cooler-1",
        since="2026-04-01",
        name="cooler-summer",
        version=2,
        tenant="acme",
        at="2026-03-14T02:00:00Z",
        who="user mai",
    )

    tenant: str
    at: datetime
    who: str


class Assignments(BaseModel):
    """Which version holds where, from when; each until the next one of its fixture begins."""

    assignments: list[AssignmentLine]


def router(context: Context) -> APIRouter:
    """The endpoints of planograms."""
    routes = APIRouter(prefix="/api/v1", tags=["planograms"])
    _add_planograms(routes, context)
    _add_assignments(routes, context)
    return routes


def _add_planograms(routes: APIRouter, context: Context) -> None:

    @routes.get("/planograms")
    def list_planograms(
        who: Figures, tenant: Tenant = None, cursor: Cursor = None, limit: Limit = 100
    ) -> PlanogramPage:
        """List planograms, the latest version of each."""
        key = key_of(cursor, str, str)
        after = (str(key[0]), str(key[1])) if key else ("", "")
        with reading(context.engine) as connection:
            found = plans.listed(connection, tenant_of(who, tenant), after=after, limit=limit + 1)
        shown, following = page(found, limit, lambda one: (one.tenant, one.name))
        return PlanogramPage(planograms=[_line(one) for one in shown], next=following)

    @routes.get("/planograms/{name}", responses=_NONE)
    def get_planogram(
        who: Figures,
        name: Name,
        tenant: Tenant = None,
        version: Version = None,
    ) -> PlanogramWhole:
        """Tell a planogram with all its places."""
        with reading(context.engine) as connection:
            found = plans.find(connection, one_tenant(who, tenant), name, version)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such version of a planogram {name}")
        slots = [SlotLine(**slot.model_dump()) for slot in found.plan.slots]
        return PlanogramWhole(**_line(found).model_dump(), slots=slots)

    @routes.get("/planograms/{name}/file", responses=_FILE, response_class=Response)
    def get_planogram_file(
        who: Figures,
        name: Name,
        tenant: Tenant = None,
        version: Version = None,
    ) -> Response:
        """Give a planogram as our CSV, for devices and spreadsheets."""
        with reading(context.engine) as connection:
            found = plans.find(connection, one_tenant(who, tenant), name, version)
        if found is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such version of a planogram {name}")
        headers = {"Content-Disposition": f'attachment; filename="{name}-{found.version}.csv"'}
        return Response(write_planogram(found.plan), media_type="text/csv; charset=utf-8", headers=headers)

    @routes.put("/planograms/{name}")
    def put_planogram(
        who: Planner,
        name: Name,
        file: File = b"",
        *,
        tenant: Tenant = None,
        check: Annotated[bool, Query(description="only tell what is wrong")] = False,
        note: Annotated[str, Query(max_length=500, description="what changed, for people")] = "",
    ) -> Checked:
        """Upload a planogram as its next version. The very same as the latest stays the latest.

        One with faults is not stored: the answer is 409 and names the first; `check` tells all.
        """
        owner = one_tenant(who, tenant)
        read = read_upload(file, name=name, products=context.products.of(owner))
        stored = None
        if not check:
            if read.plan is None:
                more = f", and {len(read.faults) - 1} more: ask with check" if len(read.faults) > 1 else ""
                raise Problem(HTTPStatus.CONFLICT, f"{read.faults[0]}{more}")
            stored = _store(context, owner, name, read.plan, note=note, who=who.label)
        return Checked(stored=stored, faults=list(read.faults), notes=list(read.notes), unknown=list(read.unknown))


def _add_assignments(routes: APIRouter, context: Context) -> None:
    @routes.get("/planogram-assignments")
    def list_assignments(
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        name: Annotated[str | None, Query(pattern=SLUG, description="of the planogram")] = None,
    ) -> Assignments:
        """List which version holds where, from when."""
        with reading(context.engine) as connection:
            found = plans.assigned(connection, tenant_of(who, tenant), store=store, name=name)
        return Assignments(assignments=[AssignmentLine.model_validate(one, from_attributes=True) for one in found])

    @routes.put("/planogram-assignments", responses=_NONE)
    def put_assignments(
        who: Planner,
        wanted: NewAssignments,
        tenant: Tenant = None,
    ) -> Assignments:
        """Let versions hold for fixtures from a day on: all of them, or with a fault in one none."""
        owner = one_tenant(who, tenant)
        now = datetime.now(UTC)
        made = {
            (one.store, one.fixture, one.since): plans.Assignment(
                **one.model_dump(), tenant=owner, at=now, who=who.label
            )
            for one in wanted.assignments
        }
        for one in made.values():
            if context.stores.find(owner, one.store) is None:
                raise Problem(HTTPStatus.NOT_FOUND, f"no store {one.store}")
        try:
            with writing(context.engine) as connection:
                plans.assign(connection, list(made.values()))
        except plans.NoPlanogram as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return Assignments(
            assignments=[AssignmentLine.model_validate(one, from_attributes=True) for one in made.values()]
        )

    @routes.delete(
        "/planogram-assignments/{store}/{fixture}/{since}", status_code=HTTPStatus.NO_CONTENT, responses=_NONE
    )
    def delete_assignment(
        who: Planner,
        store: Annotated[str, Path(pattern=SLUG)],
        fixture: Annotated[str, Path(pattern=SLUG)],
        since: date,
        tenant: Tenant = None,
    ) -> None:
        """Take an assignment back; what held before it holds on."""
        with writing(context.engine) as connection:
            if not plans.withdraw(connection, one_tenant(who, tenant), store, fixture, since):
                raise Problem(HTTPStatus.NOT_FOUND, f"nothing begins on {since} at {fixture} of {store}")


def _store(context: Context, tenant: str, name: str, plan: Planogram, *, note: str, who: str) -> PlanogramLine:
    with writing(context.engine) as connection:
        return _line(plans.add_version(connection, tenant, name, plan, note=note, at=datetime.now(UTC), who=who))


def _line(one: plans.PlanogramVersion) -> PlanogramLine:
    slots = one.plan.slots
    return PlanogramLine(
        tenant=one.tenant,
        name=one.name,
        version=one.version,
        shelves=len({slot.shelf for slot in slots}),
        skus=len({slot.sku for slot in slots}),
        facings=sum(slot.facings for slot in slots),
        note=one.note,
        at=one.at,
        who=one.who,
    )

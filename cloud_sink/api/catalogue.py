"""The catalogue: which products there are, whose they are, and what they are called; uploaded version after version."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import APIRouter, Body, Query, Response
from pydantic import BaseModel, Field

from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, Planner, one_tenant
from cloud_sink.api.names import Tenant  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.problems import Problem, described
from cloud_sink.fleet.catalogue_upload import COLUMNS, changes, read_catalogue, write_catalogue
from cloud_sink.fleet.lines import Fault
from cloud_sink.store import catalogues
from cloud_sink.store.database import reading, writing

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from edge.contract.catalogue import Sku

File = Annotated[bytes, Body(media_type="text/csv", description=f"columns {','.join(COLUMNS)}; the first four needed")]
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/csv": {}}},
    **described(HTTPStatus.NOT_FOUND),
}


class ProductLine(BaseModel):
    """A product."""

    model_config = example(
        sku="lurra-cola-330",
        name="Lurra Cola 330 ml",
        brand="Lurra",
        owner="Own Co.",
        package="can",
        category="carbonated",
        gtin="9520000000004",
        life_cycle="active",
        uploaded=True,
    )

    sku: str
    name: str
    brand: str
    owner: str
    package: str
    category: str
    gtin: str | None
    life_cycle: str
    uploaded: bool = Field(description="false: from a catalogue that the configuration names")


class VersionLine(BaseModel):
    """A version of what was uploaded."""

    model_config = example(version=2, skus=34, note="teas of spring", at="2026-03-14T02:00:00Z", who="user mai")

    version: int
    skus: int
    note: str
    at: datetime
    who: str


class Catalogue(BaseModel):
    """The products that hold now, and what was uploaded before."""

    products: list[ProductLine]
    versions: list[VersionLine]


class ChangeLine(BaseModel):
    """A product that an upload changes."""

    sku: str
    what: Literal["added", "changed", "removed"]
    fields: list[str]


class Checked(BaseModel):
    """What is read of an uploaded catalogue."""

    model_config = example(
        stored=None,
        skus=0,
        faults=[{"line": 4, "column": "gtin", "said": "'123': a gtin has 8, 12, 13 or 14 digits"}],
        changes=[],
    )

    stored: VersionLine | None = Field(description="the version it is now; null when it was only checked, or is wrong")
    skus: int
    faults: list[Fault]
    changes: list[ChangeLine] = Field(description="against what holds now")


def router(context: Context) -> APIRouter:
    """The endpoints of the catalogue."""
    routes = APIRouter(prefix="/api/v1", tags=["catalogue"])

    @routes.get("/catalogue")
    def get_catalogue(who: Figures, tenant: Tenant = None) -> Catalogue:
        """Tell every product that holds now, and the versions that were uploaded."""
        owner = one_tenant(who, tenant)
        with reading(context.engine) as connection:
            every = catalogues.versions(connection, owner)
            text = catalogues.text_of(connection, owner)
        own = {one.id for one in read_catalogue((text or "").encode()).skus}
        known = context.products.of(owner)
        return Catalogue(
            products=[_line(known[sku], uploaded=sku in own) for sku in sorted(known)],
            versions=[_version(one) for one in every],
        )

    @routes.get("/catalogue/file", responses=_FILE, response_class=Response)
    def get_catalogue_file(
        who: Figures,
        tenant: Tenant = None,
        version: Annotated[int | None, Query(ge=1, lt=2**31, description="left out: all that holds now")] = None,
    ) -> Response:
        """Give the catalogue as CSV: to mend it in a spreadsheet and upload it again."""
        owner = one_tenant(who, tenant)
        if version is None:
            text: str | None = write_catalogue(context.products.of(owner).values())
        else:
            with reading(context.engine) as connection:
                text = catalogues.text_of(connection, owner, version)
        if text is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"the catalogue has no version {version}")
        name = "catalogue.csv" if version is None else f"catalogue-{version}.csv"
        headers = {"Content-Disposition": f'attachment; filename="{name}"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    @routes.put("/catalogue")
    def put_catalogue(
        who: Planner,
        file: File = b"",
        *,
        tenant: Tenant = None,
        check: Annotated[bool, Query(description="only tell what is wrong, and what would change")] = False,
        note: Annotated[str, Query(max_length=500, description="what changed, for people")] = "",
    ) -> Checked:
        """Upload the catalogue as its next version, whole: what it leaves out, it takes away.

        One with faults is not stored: the answer is 409 and names the first; `check` tells all.
        """
        owner, read = one_tenant(who, tenant), read_catalogue(file)
        if check or read.faults:
            if not check:
                first = read.faults[0]
                more = f", and {len(read.faults) - 1} more: ask with check" if len(read.faults) > 1 else ""
                raise Problem(HTTPStatus.CONFLICT, f"line {first.line}: {first.column or 'line'}: {first.said}{more}")
            return Checked(
                stored=None, skus=len(read.skus), faults=list(read.faults), changes=_changes(context, owner, read.skus)
            )
        changed = _changes(context, owner, read.skus)
        text, at = write_catalogue(read.skus), datetime.now(UTC)
        with writing(context.engine) as connection:
            stored = catalogues.add_version(
                connection, owner, text, skus=len(read.skus), note=note, at=at, who=who.label
            )
        context.products.tell(owner, read.skus)
        return Checked(stored=_version(stored), skus=len(read.skus), faults=[], changes=changed)

    return routes


def _changes(context: Context, tenant: str, skus: tuple[Sku, ...]) -> list[ChangeLine]:
    found = changes(context.products.of(tenant), context.products.beside(skus))
    return [ChangeLine(sku=one.sku, what=one.what, fields=list(one.fields)) for one in found]


def _line(sku: Sku, *, uploaded: bool) -> ProductLine:
    told = sku.model_dump(exclude={"id", "designs"})
    return ProductLine(sku=sku.id, uploaded=uploaded, **told)


def _version(one: catalogues.CatalogueVersion) -> VersionLine:
    return VersionLine(version=one.version, skus=one.skus, note=one.note, at=one.at, who=one.who)

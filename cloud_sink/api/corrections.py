"""Corrections: what people say of facings. They are facts; the sums of their event follow at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, field_validator, model_validator

from cloud_sink.api.examples import asked, example
from cloud_sink.api.gate import Corrector, Facts, one_tenant, tenant_of
from cloud_sink.api.names import SLUG, Number, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.store import corrections
from cloud_sink.store.corrected import Correction, count_facings, standing_before
from cloud_sink.store.database import reading, writing
from cloud_sink.store.moments import now
from edge.contract.names import Epoch, Seq, SkuId, Slug
from edge.contract.payloads import FacingRecord, Level, ShelfObserved, UnitBox

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.api.context import Context
    from edge.contract.catalogue import Sku

_MOST = 2000
"""Facings of an event, those that people added included."""


_TOGETHER: list[object] = [
    {
        "anyOf": [
            {"properties": {"says": {"const": "sku"}, "sku": {"type": "string"}}, "required": ["sku"]},
            {"properties": {"says": {"enum": ["unknown", "no_facing"]}, "sku": {"type": "null"}}},
        ]
    },
    {
        "anyOf": [
            {"properties": {"facing": {"type": "integer"}}, "required": ["facing"]},
            {
                "properties": {
                    "says": {"enum": ["sku", "unknown"]},
                    "box": {"type": "array"},
                    "shelf": {"type": "integer"},
                    "position": {"type": "integer"},
                },
                "required": ["box", "shelf", "position"],
            },
        ]
    },
]
"""What `_whole` asks for, for the description."""


class NewCorrection(BaseModel):
    """What a facing is. Without `facing` it is one that was missed: then `box`, `shelf` and `position` say where."""

    model_config = asked(
        _TOGETHER,
        device="unit-07",
        epoch="0123456789abcdef0123456789abcdef",
        seq=17,
        facing=4,
        says="sku",
        sku="lurra-cola-330",
    )

    device: Slug
    epoch: Epoch
    seq: Annotated[Seq, Number]
    facing: Annotated[int, Field(ge=0, lt=_MOST), Number] | None = Field(
        None, description="its place among the event's facings that count, from 0; those that were added follow"
    )
    says: Literal["sku", "unknown", "no_facing"] = Field(
        description="sku: it is `sku`; unknown: a product of no catalogue; no_facing: nothing that counts"
    )
    sku: SkuId | None = None
    box: UnitBox | None = Field(None, description="[x1, y1, x2, y2] in shares of the frame: two opposite corners")
    shelf: Annotated[Level, Number] | None = None
    position: Annotated[Level, Number] | None = None

    @model_validator(mode="after")
    def _whole(self) -> NewCorrection:
        if (self.says == "sku") != (self.sku is not None):
            raise ValueError("sku belongs to says: sku, and only there")
        if self.facing is None and (self.says == "no_facing" or None in (self.box, self.shelf, self.position)):
            raise ValueError("a facing that was missed has a box, a shelf and a position")
        return self

    @field_validator("box")
    @classmethod
    def _from_upper_left(cls, box: UnitBox | None) -> UnitBox | None:
        """Any two opposite corners: whoever draws a box may begin at each of them."""
        return box and [min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3])]


class CorrectionLine(BaseModel):
    """What somebody said of a facing."""

    model_config = example(
        id=5,
        tenant="acme",
        store="store-01",
        device="unit-07",
        epoch="0123456789abcdef0123456789abcdef",
        seq=17,
        fixture="cooler-1",
        facing=4,
        was="foreign",
        standing="own",
        sku="lurra-cola-330",
        box=None,
        shelf=None,
        position=None,
        at="2026-03-14T02:00:00Z",
        who="user mai",
    )

    id: int
    tenant: str
    store: str
    device: str
    epoch: str
    seq: int
    fixture: str
    facing: int
    was: Literal["own", "foreign", "unknown", "unsure"] | None = Field(description="null for one that was missed")
    standing: Literal["own", "foreign", "unknown", "unsure", "removed"]
    sku: str | None
    box: list[float] | None = Field(description="of one that was missed")
    shelf: int | None = Field(description="of one that was missed")
    position: int | None = Field(description="of one that was missed")
    at: datetime
    who: str


class CorrectionPage(BaseModel):
    """Some corrections, in the order in which they were made."""

    corrections: list[CorrectionLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoints of corrections."""
    routes = APIRouter(prefix="/api/v1/corrections", tags=["facts"])

    @routes.get("")
    def list_corrections(
        who: Facts,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> CorrectionPage:
        """List corrections, in the order in which they were made."""
        key = key_of(cursor, int)
        with reading(context.engine) as connection:
            found = corrections.listed(
                connection,
                tenant_of(who, tenant),
                store=store,
                after=int(key[0]) if key else 0,
                limit=limit + 1,
            )
        shown, following = page(found, limit, lambda one: (one.id,))
        return CorrectionPage(corrections=[_line(one) for one in shown], next=following)

    @routes.post("", status_code=HTTPStatus.CREATED, responses=described(HTTPStatus.NOT_FOUND))
    def post_correction(request: Request, who: Corrector, said: NewCorrection, tenant: Tenant = None) -> CorrectionLine:
        """Say what a facing is; KPIs and profiles follow at once. Of several corrections of a facing the last holds."""
        owner = one_tenant(who, tenant)

        def decide(seen: ShelfObserved, known: list[Correction], store: str, fixture: str) -> Correction:
            return _decide(context, said, _Event(seen, known, owner, store, fixture), who.label)

        try:
            with writing(context.engine) as connection:
                made = corrections.apply(connection, (owner, said.device, said.epoch, said.seq), decide)
        except corrections.NothingToCorrect:
            raise Problem(
                HTTPStatus.NOT_FOUND, f"no observation {said.epoch}-{said.seq} of {said.device} is stored"
            ) from None
        facing = f"{made.store} {made.device} {made.epoch}-{made.seq} facing {made.facing}"
        note(request, f"{facing}: {said.sku or said.says}")
        return _line(made)

    return routes


@dataclass(frozen=True, slots=True)
class _Event:
    """The observation that is corrected."""

    seen: ShelfObserved
    known: list[Correction]
    tenant: str
    store: str
    fixture: str


def _decide(context: Context, said: NewCorrection, event: _Event, who: str) -> Correction:
    seen, known = event.seen, event.known
    count, told = count_facings(seen, known), len(seen.counted_facings)
    facing = count if said.facing is None else said.facing
    if facing >= (_MOST if said.facing is None else count):
        raise Problem(HTTPStatus.CONFLICT, f"body.facing: the event has {count} facings, numbered from 0")
    if said.sku is not None and not _is_known(context.products.of(event.tenant), said.sku, seen):
        raise Problem(HTTPStatus.CONFLICT, f"body.sku: no catalogue of the sink has a SKU {said.sku}")
    was = None
    if facing < told:
        sku = seen.counted_facings[facing].sku
        was = standing_before(seen, facing, known, is_own=_is_own(context, sku, event))
    record = next((one.record for one in known if one.facing == facing and one.record), None)
    if said.facing is None:
        assert said.box is not None
        assert said.shelf is not None
        assert said.position is not None
        status = "unknown" if said.sku is None else "recognised"
        record = FacingRecord(
            box=said.box, shelf=said.shelf, position=said.position, sku=said.sku, status=status, score=1.0
        )
    return Correction(
        tenant=event.tenant,
        store=event.store,
        device=said.device,
        epoch=said.epoch,
        seq=said.seq,
        fixture=event.fixture,
        facing=facing,
        was=was,
        standing=_standing(said, is_own=_is_own(context, said.sku, event)),
        sku=said.sku,
        record=record,
        at=now(),
        who=who,
    )


def _standing(said: NewCorrection, *, is_own: bool) -> Literal["own", "foreign", "unknown", "removed"]:
    if said.says == "no_facing":
        return "removed"
    if said.says == "unknown":
        return "unknown"
    return "own" if is_own else "foreign"


def _is_known(products: Mapping[str, Sku], sku: str, seen: ShelfObserved) -> bool:
    return sku in products or sku in seen.planned or any(one.sku == sku for one in seen.facings)


def _is_own(context: Context, sku: str | None, event: _Event) -> bool:
    """Whether a SKU is own on a fixture: by catalogue and contract, or else because it is planned there."""
    section = context.stores.find(event.tenant, event.store)
    described = next((one for one in section.fixtures if one.id == event.fixture), None) if section else None
    product = context.products.of(event.tenant).get(sku) if sku is not None else None
    if described is None or product is None:
        return sku in event.seen.planned
    return product.owner in described.own


def _line(one: Correction) -> CorrectionLine:
    return CorrectionLine(
        id=one.id,
        tenant=one.tenant,
        store=one.store,
        device=one.device,
        epoch=one.epoch,
        seq=one.seq,
        fixture=one.fixture,
        facing=one.facing,
        was=one.was,
        standing=one.standing,
        sku=one.sku,
        box=list(one.record.box) if one.record else None,
        shelf=one.record.shelf if one.record else None,
        position=one.record.position if one.record else None,
        at=one.at,
        who=one.who,
    )

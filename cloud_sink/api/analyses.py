"""Analyses that display teams ask for: promotions, replenishment, display settlement."""

from __future__ import annotations

import tempfile
from datetime import date
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from cloud_sink.analyses.promotion import PromotionReport, UnknownPromotion, ask_promotion
from cloud_sink.analyses.replenishment import Replenishment, ask_replenishment
from cloud_sink.analyses.settlement import UnknownContract, ask_settlement
from cloud_sink.analyses.settlement_file import write
from cloud_sink.analyses.settlement_model import Settlement
from cloud_sink.api.analysis_examples import PROMOTION, REPLENISHMENT, SETTLEMENT
from cloud_sink.api.etags import this_minute
from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, Photographs, one_tenant
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.problems import Problem, described
from cloud_sink.api.stores import unknown_store
from cloud_sink.profile.ask import UnknownStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

    from cloud_sink.api.context import Context

_ZIP = "application/zip"
_MONTH = r"^[12]\d{3}-(0[1-9]|1[0-2])$"
_PIECE = 1 << 16
Store = Annotated[str, Path(pattern=SLUG)]
Promotion = Annotated[str, Path(pattern=SLUG, description="its name in the imported file")]
Contract = Annotated[str, Path(pattern=SLUG, description="its name in the imported file")]
Month = Annotated[str, Path(pattern=_MONTH, description="such as 2026-03")]


class PromotionAnswer(PromotionReport):
    """A promotion, measured against matched stores without it: before and during, with 95 % intervals."""

    model_config = example(**PROMOTION)


class ReplenishmentAnswer(Replenishment):
    """What one store runs out of, the soonest first, and with a sales file how much to bring."""

    model_config = example(**REPLENISHMENT)


class SettlementAnswer(Settlement):
    """A contract over a month: what was paid for and what stood there, day by day, with its rule and evidence."""

    model_config = example(**SETTLEMENT)


def router(context: Context) -> APIRouter:
    """The endpoints of analyses."""
    routes = APIRouter(prefix="/api/v1", tags=["analyses"])
    engine, stores, products = context.engine, context.stores, context.products

    @routes.get("/promotions/{promotion}/effect", responses=described(HTTPStatus.NOT_FOUND))
    def get_promotion(
        *,
        who: Figures,
        promotion: Promotion,
        tenant: Tenant = None,
        before: Annotated[
            int | None,
            Query(ge=3, le=400, description="days before it; as many as it lasts, two weeks to twelve, if left out"),
        ] = None,
    ) -> PromotionAnswer:
        """Measure what a promotion changed beyond what changed in matched stores, and what it returned."""
        owner, now, alike = one_tenant(who, tenant), this_minute(), context.config.alike
        told = {"tenant": owner, "promotion": promotion}
        try:
            found = ask_promotion(engine, stores, products.of(owner), alike, **told, now=now, before=before)
        except UnknownPromotion as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None
        return PromotionAnswer(**dict(found))

    @routes.get("/stores/{store}/replenishment", responses=described(HTTPStatus.NOT_FOUND))
    def get_replenishment(
        *,
        who: Figures,
        store: Store,
        tenant: Tenant = None,
        days: Annotated[int, Query(ge=1, le=28, description="that a refill has to last, today the first")] = 3,
    ) -> ReplenishmentAnswer:
        """Look ahead: when each SKU is due to run out, and with a sales file how much to bring."""
        owner, now = one_tenant(who, tenant), this_minute()
        try:
            found = ask_replenishment(engine, stores, products.of(owner), tenant=owner, store=store, now=now, days=days)
        except UnknownStore as error:
            raise unknown_store(who, store, error) from None
        return ReplenishmentAnswer(**dict(found))

    def settled(tenant: str, contract: str, month: str) -> Settlement:
        first = date.fromisoformat(f"{month}-01")
        told = {"tenant": tenant, "contract": contract}
        try:
            return ask_settlement(engine, stores, products.of(tenant), **told, month=first, now=this_minute())
        except UnknownContract as error:
            raise Problem(HTTPStatus.NOT_FOUND, str(error)) from None

    @routes.get(  # before the one without an ending: that would take it for a month
        "/contracts/{contract}/settlements/{month}.zip",
        response_class=StreamingResponse,
        responses={
            HTTPStatus.OK: {"content": {_ZIP: {"schema": {"type": "string", "format": "binary"}}}},
            **described(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )
    def get_settlement_file(
        *,
        who: Photographs,
        contract: Contract,
        month: Month,
        tenant: Tenant = None,
        photographs: Annotated[bool, Query(description="whether the photographs that are kept go in")] = True,
    ) -> StreamingResponse:
        """Settle a contract for a month, as a file both sides can check: tables, rules, sums, photographs."""
        owner = one_tenant(who, tenant)
        found = settled(owner, contract, month)
        file = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it is sent
        show = (lambda sha256: context.photographs.show(owner, sha256)) if photographs else None
        write(file, found, products.of(owner), show)
        headers = {
            "Content-Disposition": f'attachment; filename="{contract}-{month}.zip"',
            "Cache-Control": "private, no-store",
        }
        return StreamingResponse(_pieces(file), media_type=_ZIP, headers=headers)

    @routes.get("/contracts/{contract}/settlements/{month}", responses=described(HTTPStatus.NOT_FOUND))
    def get_settlement(*, who: Figures, contract: Contract, month: Month, tenant: Tenant = None) -> SettlementAnswer:
        """Settle a contract for a month: what was paid for and what stood there, with the events that show it."""
        return SettlementAnswer(**dict(settled(one_tenant(who, tenant), contract, month)))

    return routes


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        file.seek(0)
        while piece := file.read(_PIECE):
            yield piece

"""Exports: facts and figures of a period as one file."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse

from cloud_sink.api.comparisons import Since, Until  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.events import period
from cloud_sink.api.gate import Facts, one_tenant
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.problems import Problem, described
from cloud_sink.exports import epcis
from cloud_sink.exports.tables import EXPORTS, Kind, Source
from cloud_sink.exports.walk import Wanted
from cloud_sink.exports.write import NoParquet, as_csv, as_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cloud_sink.api.context import Context

_PARQUET = "application/vnd.apache.parquet"
Store = Annotated[str | None, Query(pattern=SLUG, description="one store; all, if left out")]


def router(context: Context) -> APIRouter:
    """The endpoints of exports."""
    routes = APIRouter(prefix="/api/v1/exports", tags=["facts"])
    source = Source(context.engine, context.config, context.stores, context.products)

    @routes.get(
        "/{kind}.csv",
        response_class=StreamingResponse,
        responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
    )
    def get_csv(
        *,
        who: Facts,
        kind: Annotated[Kind, Path()],
        tenant: Tenant = None,
        store: Store = None,
        since: Since = None,
        until: Until = None,
    ) -> StreamingResponse:
        """A table as CSV: UTF-8, a line of names, RFC 3339 moments, empty where unknown."""
        wanted = Wanted(one_tenant(who, tenant), *period(since, until), store)
        export = EXPORTS[kind]
        return _file(as_csv(export, export.rows(source, wanted)), "text/csv; charset=utf-8", f"{kind}.csv")

    @routes.get(
        "/{kind}.parquet",
        response_class=StreamingResponse,
        responses={
            200: {"content": {_PARQUET: {"schema": {"type": "string", "format": "binary"}}}},
            **described(HTTPStatus.NOT_IMPLEMENTED),
        },
    )
    def get_parquet(
        *,
        who: Facts,
        kind: Annotated[Kind, Path()],
        tenant: Tenant = None,
        store: Store = None,
        since: Since = None,
        until: Until = None,
    ) -> StreamingResponse:
        """A table as Parquet."""
        wanted = Wanted(one_tenant(who, tenant), *period(since, until), store)
        export = EXPORTS[kind]
        try:
            file = as_parquet(export, export.rows(source, wanted))
        except NoParquet as error:
            raise Problem(HTTPStatus.NOT_IMPLEMENTED, str(error)) from None

        def pieces() -> Iterator[bytes]:
            with file:
                while piece := file.read(1 << 16):
                    yield piece

        return _file(pieces(), _PARQUET, f"{kind}.parquet")

    @routes.get(
        "/epcis.jsonld",
        response_class=StreamingResponse,
        responses={200: {"content": {"application/ld+json": {"schema": {"type": "object"}}}}},
    )
    def get_epcis(
        *, who: Facts, tenant: Tenant = None, store: Store = None, since: Since = None, until: Until = None
    ) -> StreamingResponse:
        """What stood on the shelves, as an EPCIS 2.0 document of ObjectEvents (OBSERVE)."""
        wanted = Wanted(one_tenant(who, tenant), *period(since, until), store)
        return _file(epcis.documents(source, wanted, datetime.now(UTC)), "application/ld+json", "epcis.jsonld")

    return routes


def _file(pieces: Iterator[bytes], kind: str, name: str) -> StreamingResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return StreamingResponse(pieces, media_type=kind, headers=headers)

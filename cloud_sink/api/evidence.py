"""Evidence: photographs behind the numbers, stored by what they are."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Depends, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from cloud_sink.api.device_gate import device_of, is_signed, principal_of
from cloud_sink.api.etags import matches
from cloud_sink.api.gate import Photographs, one_tenant, tenant_of
from cloud_sink.api.names import Tenant  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.problems import Problem, described
from cloud_sink.rights.roles import LEAST, MACHINE, Principal, Right
from cloud_sink.store import placements
from cloud_sink.store.database import reading
from edge.contract.signatures import SOURCE
from edge.contract.topics import Address

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate
    from cloud_sink.store.identities import Identity

MAX_BYTES = 5 * 1024 * 1024
JPEG = b"\xff\xd8\xff"
_THREADS = 16
"""Photographs that are stored or fetched at one time."""

_PARTS = r"^(/[a-z0-9][a-z0-9_-]{0,62}){3}$"
_Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="of the photograph")]


class Kept(BaseModel):
    """What is stored."""

    sha256: str
    bytes: int


async def uploader(request: Request) -> Principal:
    """Who uploads: a device by its signature or from this machine, all else needs the right."""
    if not is_signed(request):
        return await run_in_threadpool(_unsigned, request)
    device = await device_of(request, covered=(SOURCE,))
    source = request.headers[SOURCE]
    if source != Address(device.tenant, device.store, device.device).source and not await run_in_threadpool(
        _stood_there, request, device, source
    ):
        raise Problem(HTTPStatus.FORBIDDEN, "a device uploads what it saw itself, where it stands or once stood")
    return principal_of(device)


def _stood_there(request: Request, device: Identity, source: str) -> bool:
    """Whether a device ever was where it says that it saw something."""
    gate: Gate = request.app.state.gate
    tenant, store, name = source[1:].split("/") if re.match(_PARTS, source) else ("", "", "")
    if (tenant, name) != (device.tenant, device.device):
        return False
    with reading(gate.engine) as connection:
        return placements.was_at(connection, device.id, store)


uploader.right = Right.UPLOAD  # type: ignore[attr-defined]  # as `gate.needs` does


def _unsigned(request: Request) -> Principal:
    """Who uploads without a device's signature."""
    gate: Gate = request.app.state.gate
    sent = "authorization" in request.headers or gate.session_of(request)
    if not sent and gate.trusts_peer(request):
        request.state.who = MACHINE
        return MACHINE
    who = gate.identify(request)
    if not who.may(Right.UPLOAD):
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {LEAST[Right.UPLOAD]}, and yours is {who.role}")
    return who


def router(context: Context) -> APIRouter:
    """The endpoints that devices upload to, and people look at."""
    routes = APIRouter(prefix="/api/v1/evidence", tags=["evidence"])
    room = context.photographs
    # Threads of their own: a store elsewhere that answers slowly must not hold up everybody else's requests.
    threads = CapacityLimiter(_THREADS)

    @routes.put(
        "/{sha256}",
        responses={
            HTTPStatus.CREATED: {"description": "stored: it outlives a power cut", "model": Kept},
            **described(
                HTTPStatus.NOT_FOUND,
                HTTPStatus.CONFLICT,
                HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
                HTTPStatus.SERVICE_UNAVAILABLE,
                HTTPStatus.INSUFFICIENT_STORAGE,
            ),
        },
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}},
            }
        },
    )
    async def put_evidence(
        request: Request,
        response: Response,
        sha256: _Sha256,
        source: Annotated[str, Header(alias="X-Facings-Source", pattern=_PARTS, description="/tenant/store/device")],
        who: Annotated[Principal, Depends(uploader)],
    ) -> Kept:
        """Store a JPEG under its SHA-256; 200 when it is there already, 201 once it outlives a power cut."""
        tenant, store, device = source[1:].split("/")
        tenant_of(who, tenant)
        content = await _body(request)
        if not content.startswith(JPEG):
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is no JPEG")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Problem(HTTPStatus.CONFLICT, "the body has another SHA-256 than the address says")
        address, now = Address(tenant, store, device), datetime.now(UTC)
        if await to_thread.run_sync(room.take, address, sha256, content, now, limiter=threads):
            response.status_code = HTTPStatus.CREATED
        return Kept(sha256=sha256, bytes=len(content))

    @routes.get(
        "/{sha256}",
        response_class=Response,
        responses={
            HTTPStatus.OK: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
            HTTPStatus.NOT_MODIFIED: {"description": "the asker has it"},
            **described(HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE),
        },
    )
    async def get_evidence(request: Request, who: Photographs, sha256: _Sha256, tenant: Tenant = None) -> Response:
        """A photograph."""
        owner, tag = one_tenant(who, tenant), f'"{sha256}"'
        content = await to_thread.run_sync(room.show, owner, sha256, limiter=threads)
        if content is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no photograph {sha256}; it may be older than such are kept")
        headers = {"ETag": tag, "Cache-Control": "private, max-age=86400, immutable", "Vary": "Authorization, Cookie"}
        if matches(request.headers.get("if-none-match", ""), tag):
            return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
        headers["Content-Disposition"] = f'inline; filename="{sha256}.jpg"'
        return Response(content, media_type="image/jpeg", headers=headers)

    return routes


async def _body(request: Request) -> bytes:
    """The body, read no further than it may be long."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MAX_BYTES:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a photograph has at most {MAX_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)

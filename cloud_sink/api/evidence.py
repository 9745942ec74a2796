"""Evidence: photographs behind the numbers, stored by what they are."""

from __future__ import annotations

import hashlib
import threading
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Path, Request, Response
from fastapi.concurrency import run_in_threadpool
from pydantic import BaseModel

from cloud_sink.api.problems import Problem
from cloud_sink.store import evidence_files, evidence_rows
from cloud_sink.store.database import reading, writing
from edge.contract.topics import Address

if TYPE_CHECKING:
    from cloud_sink.api.context import Context

MAX_BYTES = 5 * 1024 * 1024
JPEG = b"\xff\xd8\xff"
_PARTS = r"^(/[a-z0-9][a-z0-9_-]{0,62}){3}$"


class Kept(BaseModel):
    """What is stored."""

    sha256: str
    bytes: int


class EvidenceRoom:
    """Takes photographs into folder and table, within the quota of each tenant."""

    def __init__(self, context: Context) -> None:
        self._engine = context.engine
        self._folder = context.config.evidence_folder
        self._quota = context.config.evidence.quota_mb * 1024 * 1024
        # One at a time: two uploads together must not pass a quota that each alone would keep.
        self._turn = threading.Lock()

    def take(self, address: Address, sha256: str, content: bytes) -> bool:
        """Store a photograph; False when it was there already."""
        with self._turn:
            with reading(self._engine) as connection:
                known = evidence_rows.is_known(connection, address.tenant, sha256)
                used = evidence_rows.used_bytes(connection, address.tenant)
            if not known and used + len(content) > self._quota:
                raise Problem(HTTPStatus.INSUFFICIENT_STORAGE, f"the evidence quota of {address.tenant} is full")
            # File first: a row says that the file is there. A file without a row is entered when it comes again.
            new = evidence_files.keep(self._folder, address.tenant, sha256, content)
            if not known:
                with writing(self._engine) as connection:
                    evidence_rows.enter(connection, address, sha256, len(content), datetime.now(UTC))
            return new or not known


def router(context: Context) -> APIRouter:
    """The endpoint that devices upload to."""
    routes = APIRouter(prefix="/api/v1/evidence", tags=["evidence"])
    room = EvidenceRoom(context)

    @routes.put(
        "/{sha256}",
        responses={HTTPStatus.CREATED: {"description": "stored: it is on disk"}},
        openapi_extra={"requestBody": {"required": True, "content": {"image/jpeg": {}}}},
    )
    async def put_evidence(
        request: Request,
        response: Response,
        sha256: Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="of the body")],
        source: Annotated[str, Header(alias="X-Facings-Source", pattern=_PARTS, description="/tenant/store/device")],
    ) -> Kept:
        """Store a JPEG under its SHA-256; 200 when it is there already, 201 once it is on disk."""
        content = await _body(request)
        if not content.startswith(JPEG):
            raise Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body is no JPEG")
        if hashlib.sha256(content).hexdigest() != sha256:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the body has another SHA-256 than the address says")
        tenant, store, device = source[1:].split("/")
        if await run_in_threadpool(room.take, Address(tenant, store, device), sha256, content):
            response.status_code = HTTPStatus.CREATED
        return Kept(sha256=sha256, bytes=len(content))

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

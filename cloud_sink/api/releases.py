"""Releases as devices fetch them: signed files, read only, with ranges. All trust is in their signatures."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Path, Request
from fastapi.concurrency import run_in_threadpool
from starlette.responses import FileResponse

from cloud_sink.api.device_gate import device_of, is_signed, principal_of
from cloud_sink.api.gate import tenant_of
from cloud_sink.api.names import SLUG
from cloud_sink.api.problems import Problem, described
from cloud_sink.releases.repository import repository_of
from cloud_sink.rights.roles import LEAST, MACHINE, Principal, Right

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate

_OCTETS = "application/octet-stream"
_LASTING = "private, max-age=31536000, immutable"
_BRIEF = "no-store"
_Tenant = Annotated[str, Path(pattern=SLUG, description="whose fleet")]
_Metadata = Annotated[str, Path(pattern=r"^(timestamp|[1-9][0-9]{0,9}\.(root|snapshot|targets|roll-out))\.json$")]
_Folder = Annotated[str, Path(pattern=r"^(content|releases|roll-out)$")]
_File = Annotated[str, Path(pattern=r"^[0-9a-f]{64}\.[0-9a-z]{1,64}(\.json)?$")]


async def fetcher(request: Request) -> Principal:
    """Who fetches: a device by its signature or from this machine, all else needs the right."""
    if is_signed(request):
        return principal_of(await device_of(request))
    return await run_in_threadpool(_unsigned, request)


fetcher.right = Right.RELEASES  # type: ignore[attr-defined]  # as `gate.needs` does

Fetcher = Annotated[Principal, Depends(fetcher)]


def _unsigned(request: Request) -> Principal:
    gate: Gate = request.app.state.gate
    sent = "authorization" in request.headers or gate.session_of(request)
    if not sent and gate.trusts_peer(request):
        request.state.who = MACHINE
        return MACHINE
    who = gate.identify(request)
    if not who.may(Right.RELEASES):
        raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {LEAST[Right.RELEASES]}, and yours is {who.role}")
    return who


def router(context: Context) -> APIRouter:
    """The two folders of each fleet's repository."""
    routes = APIRouter(prefix="/api/v1/releases", tags=["releases"])
    answers = {
        HTTPStatus.OK: {"content": {_OCTETS: {"schema": {"type": "string", "format": "binary"}}}},
        **described(HTTPStatus.NOT_FOUND),
    }

    def sent(path: FilePath, *, keep: str) -> FileResponse:
        if not path.is_file():
            raise Problem(HTTPStatus.NOT_FOUND, "no such file of a release")
        return FileResponse(path, media_type=_OCTETS, headers={"Cache-Control": keep, "Vary": "Authorization, Cookie"})

    @routes.get("/{tenant}/metadata/{metadata}", response_class=FileResponse, responses=answers)
    def get_metadata(who: Fetcher, tenant: _Tenant, metadata: _Metadata) -> FileResponse:
        """What TUF clients read first: who may sign, and what is signed."""
        tenant_of(who, tenant)
        path = repository_of(context.config.data, tenant).metadata / metadata
        return sent(path, keep=_BRIEF if metadata == "timestamp.json" else _LASTING)

    @routes.get("/{tenant}/targets/{folder}/{file}", response_class=FileResponse, responses=answers)
    def get_target(who: Fetcher, tenant: _Tenant, folder: _Folder, file: _File) -> FileResponse:
        """A file of a release, by its SHA-256; a part of it where a range is asked for."""
        tenant_of(who, tenant)
        return sent(repository_of(context.config.data, tenant).targets / folder / file, keep=_LASTING)

    return routes

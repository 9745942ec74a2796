"""Which device asks: by its signature on the request, where it needs no user and no key of the API."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request
from fastapi.concurrency import run_in_threadpool

from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import Principal, Role
from cloud_sink.store.identities import Identity
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.presented import check_presented
from cloud_sink.trust.registrar import LATE
from cloud_sink.trust.signed import Signed, signer_of

if TYPE_CHECKING:
    from cloud_sink.api.gate import Gate

_SIGNATURE = "signature-input"


def is_signed(request: Request) -> bool:
    """Whether a request claims to be a device's."""
    return _SIGNATURE in request.headers


async def device_of(request: Request, *, late: timedelta = timedelta(0), covered: tuple[str, ...] = ()) -> Identity:
    """The device that signed a request and showed its certificate. Reads its body, which is bounded by then.

    Raises:
        Problem: 401 for nobody's signature, one that does not fit, a device that was shut out, or none or another
            certificate where one is demanded (see `HttpSection.demands_certificates`).
    """
    gate: Gate = request.app.state.gate
    body = await request.body()
    url = f"{request.url.scheme}://{request.headers.get('host', '')}{request.scope['path']}"
    signed, now = Signed(request.method, url, request.headers), datetime.now(UTC)
    try:
        device = await run_in_threadpool(signer_of, gate.engine, signed, body, now=now, late=late, covered=covered)
        if gate.settings.demands_certificates:
            shown = shown_by(request)
            await run_in_threadpool(check_presented, gate.engine, device, shown, now=now, late=late)
    except TrustError as error:
        note(request, f"device refused: {error.what}")
        raise Problem(HTTPStatus.UNAUTHORIZED, str(error), {"WWW-Authenticate": "Signature"}) from None
    request.state.who = principal_of(device)
    return device


def shown_by(request: Request) -> str | None:
    """The certificate, PEM, whose key the peer has proved to have: to this server, or to the proxy in front."""
    chain = request.scope.get("extensions", {}).get("tls", {}).get("client_cert_chain") or [None]
    shown: str | None = chain[0]
    return shown


def principal_of(device: Identity) -> Principal:
    """A device as the audit log names it; it uploads, and nothing else."""
    return Principal("device", device.id, device.device, device.tenant, Role.FIELD)


def signed_by_device(*, late: timedelta = timedelta(0)) -> Any:
    """A route's dependency: a device must have signed the request. It acts for itself; no user has a right to that."""

    async def ask(request: Request) -> Identity:
        return await device_of(request, late=late)

    ask.right = None  # type: ignore[attr-defined]  # read by `rights_of`
    return Depends(ask)


Device = Annotated[Identity, signed_by_device()]
LateDevice = Annotated[Identity, signed_by_device(late=LATE)]
"""A device whose certificate may have ended a while ago."""

"""What devices ask for themselves: to be let in, a newer certificate, and to tell how they were installed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field

from cloud_sink.api.device_gate import Device, LateDevice  # noqa: TC001 - FastAPI reads them at run time
from cloud_sink.api.examples import example
from cloud_sink.api.gate import Figures, everybody, tenant_of
from cloud_sink.api.names import SLUG, Tenant
from cloud_sink.api.noted import note
from cloud_sink.api.paging import Cursor, Limit, key_of, page
from cloud_sink.api.problems import Problem, described
from cloud_sink.store import installations
from cloud_sink.store.database import reading, writing
from cloud_sink.store.installations import Installation
from cloud_sink.store.moments import to_ms
from cloud_sink.trust.errors import RequestRefusedError, TrustError
from cloud_sink.trust.keyring import Vault
from cloud_sink.trust.registrar import ClaimRefusedError, Registrar, Why
from edge.contract.provisioning import (
    InstallationRecord,
    InstallStep,
    ProvisionAnswer,
    ProvisionRequest,
    RenewAnswer,
    RenewRequest,
)

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate

_STATUS = {
    Why.INVALID: HTTPStatus.FORBIDDEN,
    Why.USED: HTTPStatus.CONFLICT,
    Why.EXPIRED: HTTPStatus.GONE,
    Why.CANCELLED: HTTPStatus.GONE,
    Why.OTHER_STORE: HTTPStatus.CONFLICT,
    Why.KNOWN_DEVICE: HTTPStatus.CONFLICT,
    Why.OTHER_DEVICE: HTTPStatus.CONFLICT,
}


class InstallationLine(BaseModel):
    """A device that somebody installed."""

    model_config = example(
        id="0b7c1e5f2a3d4c6e0b7c1e5f2a3d4c6e",
        tenant="acme",
        store="store-01",
        device="unit-07",
        fixture="cooler-1",
        at="2026-03-14T01:30:00Z",
        by="mai",
        passed=True,
        failed_first="capture",
        evidence=None,
        seconds=21.5,
        steps=[{"name": "capture", "passed": True, "tries": 2, "said": "dark"}],
    )

    id: str
    tenant: str
    store: str
    device: str
    fixture: str
    at: datetime
    by: str
    passed: bool
    failed_first: str = Field(description="the first step that did not pass at once; empty where every one did")
    evidence: str | None = Field(description="SHA-256 of the picture")
    seconds: float
    steps: list[InstallStep]


class InstallationPage(BaseModel):
    """Some installations."""

    installations: list[InstallationLine]
    next: str | None


def router(context: Context) -> APIRouter:
    """The endpoints of devices that come, and what they left behind."""
    routes = APIRouter(prefix="/api/v1", tags=["devices"])
    vault = Vault(context.engine, context.config.trust.passphrase_file)
    registrar = Registrar(context.engine, vault, context.stores, context.config)

    @routes.post(
        "/provisioning",
        dependencies=[everybody()],
        responses=described(
            HTTPStatus.CONFLICT, HTTPStatus.GONE, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE
        ),
    )
    def provision(request: Request, asked: ProvisionRequest) -> ProvisionAnswer:
        """Let a device in that shows a claim and proves that it has a key.

        The claim is used up by the first key that shows it; the same key gets the same certificate again for as long as
        the claim lives. `pending`: a person has to approve, ask again.
        """
        gate: Gate = request.app.state.gate
        gate.limit_sign_in(request)
        claim = asked.claim.partition(".")[0]
        try:
            answer, invitation = registrar.provision(asked, datetime.now(UTC))
        except ClaimRefusedError as error:
            note(request, f"claim {error.invitation}: {error.why}", tenant=error.tenant)
            raise Problem(_STATUS[error.why], str(error)) from None
        except RequestRefusedError as error:
            note(request, f"claim {claim}: {error.what}")
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        except TrustError as error:
            note(request, f"claim {claim}: {error}")
            raise not_ready() from None
        note(request, f"claim {claim}: {answer.state}, device {invitation.device}", tenant=invitation.tenant)
        return answer

    @routes.post("/renewal", responses=described(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE))
    def renew(request: Request, device: LateDevice, asked: RenewRequest) -> RenewAnswer:
        """A device's certificate, exchanged where that is due, and whom it is to believe."""
        try:
            answer = registrar.renew(device, asked, datetime.now(UTC))
        except RequestRefusedError as error:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from None
        except TrustError as error:
            note(request, str(error))
            raise not_ready() from None
        note(request, "exchanged" if answer.certificate != device.certificate else "nothing due")
        return answer

    @routes.post(
        "/installations",
        status_code=HTTPStatus.CREATED,
        responses=described(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE),
    )
    def post_installation(request: Request, device: Device, record: InstallationRecord) -> InstallationLine:
        """Keep what an installation was like; told by the device, the same record twice is kept once."""
        text = record.model_dump_json()
        made = Installation(
            id=hashlib.sha256(f"{device.id} {text}".encode()).hexdigest()[:32],
            tenant=device.tenant,
            store=device.store,
            device=device.device,
            fixture=device.fixture,
            at=record.at,
            by=record.by,
            passed=record.passed,
            failed_first=record.failed_first,
            evidence=record.evidence,
            record=text,
        )
        with writing(context.engine) as connection:
            installations.enter(connection, made)
        note(request, f"installed by {record.by}: {'passed' if record.passed else 'failed'}")
        return _line(made)

    @routes.get("/installations")
    def list_installations(
        who: Figures,
        tenant: Tenant = None,
        store: Annotated[str | None, Query(pattern=SLUG)] = None,
        cursor: Cursor = None,
        limit: Limit = 100,
    ) -> InstallationPage:
        """List installations, the newest first."""
        key: Any = key_of(cursor, int, str)
        with reading(context.engine) as connection:
            found = installations.listed(connection, tenant_of(who, tenant), store=store, before=key, limit=limit + 1)
        shown, following = page(found, limit, lambda one: (to_ms(one.at), one.id))
        return InstallationPage(installations=[_line(one) for one in shown], next=following)

    return routes


def _line(one: Installation) -> InstallationLine:
    record = InstallationRecord.model_validate_json(one.record)
    return InstallationLine(
        id=one.id,
        tenant=one.tenant,
        store=one.store,
        device=one.device,
        fixture=one.fixture,
        at=one.at,
        by=one.by,
        passed=one.passed,
        failed_first=one.failed_first,
        evidence=one.evidence,
        seconds=record.seconds,
        steps=list(record.steps),
    )


def not_ready() -> Problem:
    """Why is for the sink's own people: the audit log says it."""
    return Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "no device can be let in now; the collector's audit log says why",
        {"Retry-After": "60"},
    )

"""What devices are ordered to do: asked by the device itself, with its signature, once a day or when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request

from cloud_sink.api.device_gate import LateDevice  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.api.noted import note
from cloud_sink.api.problems import described
from cloud_sink.api.provisioning import not_ready
from cloud_sink.trust.errors import TrustError
from cloud_sink.trust.keyring import Vault
from cloud_sink.trust.placing import Placer
from cloud_sink.trust.registrar import Registrar
from edge.contract.orders import OrderAnswer, OrderRequest  # noqa: TC001 - as above

if TYPE_CHECKING:
    from cloud_sink.api.context import Context


def placer_of(context: Context) -> Placer:
    """Who orders this collector's devices about."""
    vault = Vault(context.engine, context.config.trust.passphrase_file)
    registrar = Registrar(context.engine, vault, context.stores, context.config)
    return Placer(context.engine, registrar, context.stores)


def router(context: Context) -> APIRouter:
    """The endpoint that devices ask at."""
    routes = APIRouter(prefix="/api/v1", tags=["devices"])
    placer = placer_of(context)

    @routes.post("/orders", responses=described(HTTPStatus.UNAUTHORIZED, HTTPStatus.SERVICE_UNAVAILABLE))
    def ask_for_orders(request: Request, device: LateDevice, asked: OrderRequest) -> OrderAnswer:
        """What a device is to do: to stand elsewhere, or to wipe itself; and what became of what it was told before."""
        try:
            answer = placer.answer(device, asked.outcome, datetime.now(UTC))
        except TrustError as error:
            note(request, str(error))
            raise not_ready() from None
        said = "asked" if asked.outcome is None else f"{asked.outcome.outcome} {asked.outcome.order or ''}".rstrip()
        note(request, said if answer.order is None else f"{said}; told to {answer.order.kind}")
        return answer

    return routes

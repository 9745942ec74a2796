"""What the service counts, as Prometheus reads it. Labels never name a tenant."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

from cloud_sink.api.gate import everybody
from cloud_sink.api.problems import Problem, described
from cloud_sink.store import clones, outgoing
from cloud_sink.store.database import DatabaseAway, reading
from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.api.gate import Gate
    from cloud_sink.fleet.http_settings import HttpSection

REQUESTS = Counter("facings_http_requests", "Requests answered", ["method", "route", "status"])
WAITING = Gauge("facings_outgoing_waiting", "Webhook messages and alerts that are not taken yet")
READY = Gauge("facings_ready", "Whether events that are sent now are received and stored")
DATABASE_AWAY = Gauge("facings_database_away", "Whether the database did not answer when it was last asked")
EVIDENCE_AWAY = Gauge("facings_evidence_away", "Whether the place for photographs failed when it was last asked")
CLONES = Gauge("facings_devices_cloned", "Devices under whose name two speak, until somebody settles it")
SECONDS = Histogram("facings_http_seconds", "Seconds until an answer was sent", ["route"])


def router(context: Context) -> APIRouter:
    """The endpoint that Prometheus asks."""
    routes = APIRouter(tags=["health"])
    token = _token(context.config.http)

    @routes.get(
        "/metrics",
        dependencies=[everybody()],
        response_class=Response,
        responses={200: {"content": {"text/plain": {}}}, **described(HTTPStatus.FORBIDDEN)},
    )
    def metrics(request: Request) -> Response:
        """Counts of this process; on loopback, or with the token of `http.metrics_token_file`."""
        gate: Gate = request.app.state.gate
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not (token and hmac.compare_digest(given.encode(), token.encode())) and not gate.trusts_peer(request):
            raise Problem(HTTPStatus.FORBIDDEN, "metrics are told on loopback, or to the metrics token")
        try:
            with reading(context.engine) as connection:
                WAITING.set(outgoing.waiting(connection))
                CLONES.set(clones.count(connection))
        except DatabaseAway:  # when counts are wanted most
            DATABASE_AWAY.set(1)
        else:
            DATABASE_AWAY.set(0)
        READY.set(context.ready())
        EVIDENCE_AWAY.set(context.photographs.away)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return routes


def _token(settings: HttpSection) -> str | None:
    path = settings.metrics_token_file
    if path is None:
        return None
    try:
        token = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"http.metrics_token_file {path} cannot be read: {error}", "check path and rights") from None
    if not token:
        raise ConfigError(f"http.metrics_token_file {path} is empty", "write a token into it")
    return token

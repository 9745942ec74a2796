"""Who asks, and whether they may. Every route names the right that it needs, or says that it needs none."""

from __future__ import annotations

import ipaddress
import math
import time
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

from fastapi import Depends, Request

from cloud_sink.api.problems import Problem
from cloud_sink.fleet.http_settings import LOOPBACK_NAMES
from cloud_sink.rights.accounts import Accounts
from cloud_sink.rights.buckets import Buckets
from cloud_sink.rights.roles import LEAST, MACHINE, Principal, Right
from cloud_sink.rights.secrets import csrf_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from fastapi import Response

    from cloud_sink.fleet.http_settings import HttpSection
    from cloud_sink.store.database import Database

CSRF = "X-CSRF-Token"

HOME = "/"
"""Where a browser lands that has just signed in."""

_SAFE = {"GET", "HEAD", "OPTIONS"}
_FOREIGN = {"cross-site", "same-site"}
_ADDRESS_SHARE = 5
"""An address may ask as often as so many users: an office has one."""


class Gate:
    """Recognises who asks by key, by session, or by being on this machine.

    Args:
        engine: the database.
        settings: how the API is served.
    """

    def __init__(self, engine: Database, settings: HttpSection) -> None:
        self.engine = engine
        self.settings = settings
        self.accounts = Accounts(
            engine,
            idle=timedelta(seconds=settings.session_idle),
            longest=timedelta(seconds=settings.session_longest),
        )
        self.cookie = "__Host-facings" if settings.encrypted else "facings"
        limits = settings.limits
        self._users = Buckets(limits.per_second, limits.burst)
        self._addresses = Buckets(limits.per_second * _ADDRESS_SHARE, limits.burst * _ADDRESS_SHARE)
        each = limits.sign_ins_per_minute
        self._sign_ins = Buckets(each / 60, each)
        self._sign_in_addresses = Buckets(each / 60 * _ADDRESS_SHARE, each * _ADDRESS_SHARE)

    @property
    def open_to_machine(self) -> bool:
        """Whether whoever is on this machine needs no credentials."""
        return self.settings.access == "loopback"

    def admit(self, request: Request) -> None:
        """What every request must keep to, whoever sends it."""
        names = [name for name, _ in request.query_params.multi_items()]
        doubled = len(set(names)) < len(names)  # of two words on one thing neither is surely meant
        if doubled and request.url.path.startswith("/api/"):
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "query: a parameter stands twice")
        if self.open_to_machine:
            asked_of_this_machine(request)
        else:
            _limit(self._addresses, network_of(address_of(request)))
        if request.method not in _SAFE and "authorization" not in request.headers:
            self._refuse_foreign_pages(request)

    def identify(self, request: Request) -> Principal:
        """Who sends a request.

        Raises:
            Problem: 401 without credentials that hold, 403 for a change without the page's word, 429 for too many.
        """
        who = self._by_key(request) or self._by_session(request)
        if who is None:
            if not self.open_to_machine:
                raise _unauthorized("send an API key as `Authorization: Bearer …`, or sign in")
            who = MACHINE
        else:
            _limit(self._users, f"{who.kind} {who.id}")
        request.state.who = who
        return who

    def limit_sign_in(self, request: Request, name: str | None = None) -> None:
        """Refuse whoever tries to sign in too often: from one address, or as one name."""
        if not self.open_to_machine:
            _limit(self._sign_in_addresses, network_of(address_of(request)))
            if name is not None:
                _limit(self._sign_ins, name)

    def end_session(self, request: Request) -> None:
        """End the session that a browser has, if it has one: it signs out, or gets another."""
        token = self.session_of(request)
        if token:
            self.accounts.close(token)

    def set_cookie(self, response: Response, token: str) -> None:
        """Give a browser its session. Lax: the way back from a company's sign-in must have it sent."""
        response.set_cookie(self.cookie, token, httponly=True, secure=self.settings.encrypted, samesite="lax", path="/")

    def drop_cookie(self, response: Response) -> None:
        """Have a browser forget its session."""
        response.delete_cookie(self.cookie, httponly=True, secure=self.settings.encrypted, samesite="lax")

    def session_of(self, request: Request) -> str | None:
        """The token in a browser's cookie."""
        return request.cookies.get(self.cookie)

    def trusts_peer(self, request: Request) -> bool:
        """Whether devices upload without credentials: from this machine, to a port that no other reaches."""
        if not self.settings.is_loopback or self.settings.behind_proxy:
            return False
        asked_of_this_machine(request)
        return True

    def _by_key(self, request: Request) -> Principal | None:
        kind, _, text = request.headers.get("authorization", "").partition(" ")
        if not text:
            return None
        who = self.accounts.by_key(text.strip()) if kind.lower() == "bearer" else None
        if who is None:
            raise _unauthorized("this API key is wrong, revoked or expired")
        return who

    def _by_session(self, request: Request) -> Principal | None:
        token = self.session_of(request)
        who = self.accounts.by_session(token) if token else None
        if who is not None and token and request.method not in _SAFE and request.headers.get(CSRF) != csrf_of(token):
            raise Problem(HTTPStatus.FORBIDDEN, f"send the session's csrf word as {CSRF}")
        return who

    def _refuse_foreign_pages(self, request: Request) -> None:
        origin = request.headers.get("origin")
        own = {request.headers.get("host"), urlsplit(self.settings.url or "").netloc} - {""}
        foreign = origin is not None and urlsplit(origin).netloc not in own
        if foreign or request.headers.get("sec-fetch-site") in _FOREIGN:
            raise Problem(HTTPStatus.FORBIDDEN, "a page of another site asked for this change")


def needs(right: Right) -> Any:
    """A route's dependency: whoever asks must have this right."""

    def ask(request: Request) -> Principal:
        gate: Gate = request.app.state.gate
        who = gate.identify(request)
        if not who.may(right):
            raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {LEAST[right]}, and yours is {who.role}")
        return who

    ask.right = right  # type: ignore[attr-defined]  # read by `rights_of` and the API's description
    return Depends(ask)


def everybody() -> Any:
    """A route's dependency: no rights are needed, since nothing of anybody is told."""

    def nothing() -> None:
        pass

    nothing.right = None  # type: ignore[attr-defined]  # as above
    return Depends(nothing)


Figures = Annotated[Principal, needs(Right.FIGURES)]
Facts = Annotated[Principal, needs(Right.FACTS)]
Photographs = Annotated[Principal, needs(Right.PHOTOGRAPHS)]
Corrector = Annotated[Principal, needs(Right.CORRECT)]
Planner = Annotated[Principal, needs(Right.PLAN)]
Worker = Annotated[Principal, needs(Right.WORK)]
Placing = Annotated[Principal, needs(Right.PLACE)]
Inspector = Annotated[Principal, needs(Right.REFUSED)]
Admin = Annotated[Principal, needs(Right.ADMINISTER)]
Anybody = Annotated[Principal, needs(Right.OWN)]


def rights_of(calls: list[Callable[..., Any] | None]) -> list[Right | None]:
    """What the dependencies of a route say of rights."""
    return [getattr(call, "right") for call in calls if hasattr(call, "right")]  # noqa: B009 - a function's own mark


def asked_of_this_machine(request: Request) -> None:
    """Refuse a request that was meant for another host: a page in a browser here must not read a shop's figures.

    A name that its owner points at 127.0.0.1 makes our answers the page's own; its `Host` gives it away.
    """
    host = request.headers.get("host", "")
    name = host[: host.rfind(":")] if ":" in host.rpartition("]")[2] else host
    if name.strip("[]") not in LOOPBACK_NAMES:
        raise Problem(HTTPStatus.MISDIRECTED_REQUEST, "this service answers to 127.0.0.1 and localhost only")


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy what that says."""
    return request.client.host if request.client else ""


def network_of(address: str) -> str:
    """Whose bucket an address takes from: whoever has one of IPv6 has 2^64 of them."""
    try:
        one = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if one.version == 4 else str(ipaddress.ip_network((one, 64), strict=False))  # noqa: PLR2004 - IPv4


def tenant_of(who: Principal, wanted: str | None) -> str | None:
    """Whose data are meant; None for those of all, which only the machine's own people see.

    Raises:
        Problem: 404 for another tenant: to whom it is not theirs it does not exist.
    """
    if wanted is not None and not who.sees(wanted):
        raise Problem(HTTPStatus.NOT_FOUND, f"no tenant {wanted}")
    return who.tenant or wanted


def one_tenant(who: Principal, wanted: str | None) -> str:
    """Whose something is that is made.

    Raises:
        Problem: 404 as `tenant_of`; 409 where it must be named.
    """
    tenant = tenant_of(who, wanted)
    if tenant is None:
        raise Problem(HTTPStatus.CONFLICT, "name the tenant with ?tenant=: this machine's people see those of all")
    return tenant


def _unauthorized(detail: str) -> Problem:
    return Problem(HTTPStatus.UNAUTHORIZED, detail, {"WWW-Authenticate": "Bearer"})


def _limit(buckets: Buckets, name: str) -> None:
    wait = math.ceil(buckets.take(name, time.monotonic()))
    if wait:
        raise Problem(
            HTTPStatus.TOO_MANY_REQUESTS, f"too many requests; the next in {wait} s", {"Retry-After": str(wait)}
        )

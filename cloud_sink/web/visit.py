"""Who looks at a page, whose data they see, in which language, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal

from fastapi import Depends, Request

from cloud_sink.api.problems import Problem
from cloud_sink.rights.roles import LEAST, Principal, Right
from cloud_sink.web.language import Language, languages
from cloud_sink.web.words import CODES, accepted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cloud_sink.api.gate import Gate
    from cloud_sink.web.known import Known

Theme = Literal["auto", "light", "dark"]
THEMES: tuple[Theme, ...] = ("auto", "light", "dark")

LANGUAGE_COOKIE, THEME_COOKIE, TENANT_COOKIE = "facings-language", "facings-theme", "facings-tenant"
"""What a browser remembers of how its person likes pages."""


@dataclass(frozen=True, slots=True)
class Taste:
    """How somebody likes pages: all that a page without data needs."""

    language: Language
    theme: Theme
    address: str  # path and query of the page

    @classmethod
    def of(cls, request: Request) -> Taste:
        """As the browser remembers it, else as it asks for."""
        said = request.cookies.get(LANGUAGE_COOKIE)
        code = said if said in CODES else accepted(request.headers.get("accept-language", ""))
        theme = request.cookies.get(THEME_COOKIE)
        query = f"?{request.url.query}" if request.url.query else ""
        return cls(languages()[code], theme if theme in THEMES else "auto", request.url.path + query)


@dataclass(frozen=True, slots=True)
class Visit:
    """A page asked for by somebody who may see it."""

    who: Principal
    taste: Taste
    tenant: str  # '' where there is none yet
    tenants: tuple[str, ...]  # among which this person may choose
    latest: date | None  # the last business day of which anything is stored
    simulated: bool  # whether any of the tenant's recent data come from rendered pictures
    now: datetime

    @property
    def t(self) -> Language:
        """The language."""
        return self.taste.language

    @property
    def today(self) -> date:
        """The day that pages are about where none is named: the last with data."""
        return self.latest or self.now.date()


def visiting(right: Right) -> Any:
    """A page's dependency: whoever asks must have this right."""

    def ask(request: Request) -> Visit:
        gate: Gate = request.app.state.gate
        who = gate.identify(request)
        if not who.may(right):
            raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {LEAST[right]}, and yours is {who.role}")
        known: Known = request.app.state.known
        return _visit(request, who, known)

    ask.right = right  # type: ignore[attr-defined]  # as `gate.needs` does
    return Depends(ask)


Reader = Annotated[Visit, visiting(Right.FIGURES)]
Looker = Annotated[Visit, visiting(Right.PHOTOGRAPHS)]
FactReader = Annotated[Visit, visiting(Right.FACTS)]
Corrector = Annotated[Visit, visiting(Right.CORRECT)]
Planner = Annotated[Visit, visiting(Right.PLAN)]
Worker = Annotated[Visit, visiting(Right.WORK)]
Placing = Annotated[Visit, visiting(Right.PLACE)]
Inspector = Annotated[Visit, visiting(Right.REFUSED)]
Admin = Annotated[Visit, visiting(Right.ADMINISTER)]
Anyone = Annotated[Visit, visiting(Right.OWN)]
"""What a page asks for in place of a `Principal`: the visit of somebody with that right."""


def _visit(request: Request, who: Principal, known: Known) -> Visit:
    now = datetime.now(UTC)
    tenants = (who.tenant,) if who.tenant is not None else known.tenants(now)
    tenant = _chosen(tenants, request.cookies)
    facts = known.facts(tenant, now)
    return Visit(
        who=who,
        taste=Taste.of(request),
        tenant=tenant,
        tenants=tenants,
        latest=facts.latest,
        simulated=facts.simulated,
        now=now,
    )


def _chosen(tenants: tuple[str, ...], cookies: Mapping[str, str]) -> str:
    wanted = cookies.get(TENANT_COOKIE, "")
    return wanted if wanted in tenants else tenants[0] if tenants else ""

"""Files of the trade, told by who may: checked and shown before they are kept, all of a file or nothing of it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Literal

from fastapi import APIRouter, Body, Query, Request, Response

from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.fleet.imports import import_file
from cloud_sink.rights.roles import LEAST, Right
from cloud_sink.web.visit import Planner, Visit  # noqa: TC001 - FastAPI reads it at run time

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.fleet.imports import ImportReport
    from cloud_sink.web.shell import Shell

PAGE = None

Kind = Literal["sales", "deliveries", "promotions", "contracts"]
NEEDS: dict[Kind, Right] = {"contracts": Right.ADMINISTER}
"""What is paid for follows from contracts; the other files those tell who plan."""

SHOWN = 20
"""Faults and strangers that are shown."""

Content = Annotated[bytes, Body(media_type="text/csv")]
FileName = Annotated[str, Query(max_length=200)]


def router(context: Context, shell: Shell) -> APIRouter:
    """Where forms send files to; `imports.js` does it, from the pages that show what becomes of them."""
    routes = APIRouter(include_in_schema=False)

    def read(visit: Visit, kind: Kind, name: str, file: bytes, *, dry_run: bool) -> ImportReport:
        right = NEEDS.get(kind)
        if right is not None and not visit.who.may(right):
            raise Problem(HTTPStatus.FORBIDDEN, f"this needs the role {LEAST[right]}, and yours is {visit.who.role}")
        return import_file(
            context.engine,
            context.stores,
            context.products.of(visit.tenant),
            tenant=visit.tenant,
            kind=kind,
            name=name or f"{kind}.csv",
            data=file,
            by=visit.who.label,
            now=visit.now,
            dry_run=dry_run,
        )

    @routes.post("/imports/{kind}/check")
    def check(visit: Planner, kind: Kind, name: FileName = "", file: Content = b"") -> Response:
        """What would become of a file."""
        report = read(visit, kind, name, file, dry_run=True)
        return shell.part(visit, "imports_report.html", report=report, kept=False, shown=SHOWN)

    @routes.post("/imports/{kind}")
    def keep(request: Request, visit: Planner, kind: Kind, name: FileName = "", file: Content = b"") -> Response:
        """Keep a file; the same again changes nothing."""
        report = read(visit, kind, name, file, dry_run=False)
        note(request, f"{kind} file {report.file}, {report.lines} lines, {len(report.faults)} faults")
        return shell.part(visit, "imports_report.html", report=report, kept=not report.faults, shown=SHOWN)

    return routes

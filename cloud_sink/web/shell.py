"""Makes pages: templates, with the visitor's words, the addresses of what they load, and careful headers."""

from __future__ import annotations

from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloud_sink.web.charts import sparkline
from cloud_sink.web.page import GROUPS
from cloud_sink.web.words import NAMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from cloud_sink.web.assets import Assets
    from cloud_sink.web.page import Page
    from cloud_sink.web.visit import Taste, Visit

TEMPLATES = Path(__file__).resolve().parent / "templates"

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'{images} data: blob:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)


class Shell:
    """Renders every page.

    Args:
        assets: what pages load.
        pages: what the navigation leads to.
        images: hosts beside our own that pictures may come from: a tile server's, where one is configured.
    """

    def __init__(self, assets: Assets, pages: Sequence[Page] = (), images: Sequence[str] = ()) -> None:
        self._pages = sorted(pages, key=lambda page: (GROUPS.index(page.group), page.order))
        self._headers = {
            "Content-Security-Policy": _POLICY.format(images="".join(f" {host}" for host in images)),
            "Referrer-Policy": "same-origin",
            "Vary": "Accept-Language, Authorization, Cookie",
        }
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._templates.globals |= {"asset": assets.__getitem__, "languages": NAMES, "sparkline": sparkline}

    def page(
        self, visit: Visit, template: str, *, here: str, status: HTTPStatus = HTTPStatus.OK, **content: object
    ) -> HTMLResponse:
        """A page with navigation.

        Args:
            visit: whose it is.
            template: its file in `templates/`.
            here: the name of the page in the navigation.
            status: of the answer.
            content: what the template shows.
        """
        pages = [page for page in self._pages if visit.who.may(page.right)]
        return self._answer(
            visit.taste, template, status, {"visit": visit, "pages": pages, "groups": GROUPS, "here": here, **content}
        )

    def part(self, visit: Visit, template: str, **content: object) -> HTMLResponse:
        """A part of a page that a script asks for."""
        return self._answer(visit.taste, template, HTTPStatus.OK, {"visit": visit, **content})

    def bare(
        self, taste: Taste, template: str, *, status: HTTPStatus = HTTPStatus.OK, **content: object
    ) -> HTMLResponse:
        """A page of nobody's data, without navigation; no browser keeps it."""
        answer = self._answer(taste, template, status, content)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    def _answer(self, taste: Taste, template: str, status: HTTPStatus, content: Mapping[str, object]) -> HTMLResponse:
        html = self._templates.get_template(template).render(taste=taste, t=taste.language, **content)
        return HTMLResponse(html, status, {**self._headers, "Content-Language": taste.language.code})

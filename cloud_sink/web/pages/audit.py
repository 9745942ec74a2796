"""Photo audit: a random sample of facings, judged without the machine's answer, and how right that was."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import date, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

import imagesize
from fastapi import APIRouter, Query, Request, Response

from cloud_sink.api.noted import note
from cloud_sink.api.problems import Problem
from cloud_sink.photo_audit import accuracy
from cloud_sink.photo_audit.sample import draw_sample, monday_of
from cloud_sink.store import photo_audits
from cloud_sink.store.database import reading, writing
from cloud_sink.web.forms import Form  # noqa: TC001 - FastAPI reads it at run time
from cloud_sink.web.page import Page
from cloud_sink.web.views import audit as view
from cloud_sink.web.visit import Corrector, Looker, Reader  # noqa: TC001 - as above

if TYPE_CHECKING:
    from cloud_sink.api.context import Context
    from cloud_sink.store.photo_audits import Question
    from cloud_sink.web.shell import Shell
    from cloud_sink.web.visit import Visit

PAGE = Page("audit", "/audit", icon="audit", group="work", order=20)

PUBLISHED_WEEKS = 12
"""Weeks that the figure beside KPIs is of."""

_MOST_COUNTED = 1000
Week = Annotated[date | None, Query(description="a day of the week")]
Place = Annotated[int, Query(ge=0, lt=10**6)]


@dataclass(frozen=True, slots=True)
class WeekLine:
    """A week's sample and what it says so far."""

    sample: photo_audits.Sample
    judged: int
    found: accuracy.Accuracy


def router(context: Context, shell: Shell) -> APIRouter:
    """The results, and what is published of them elsewhere."""
    routes = APIRouter(include_in_schema=False)
    engine = context.engine

    @routes.get("/audit")
    def show(visit: Reader, week: Week = None) -> Response:
        """How right the machine was, by week, chain and model; where it was not."""
        with reading(engine) as connection:
            samples = photo_audits.weeks(connection, visit.tenant)
            shown = monday_of(week or (samples[0].week if samples else visit.today))
            oldest = min([shown, *(one.week for one in samples[:PUBLISHED_WEEKS])])
            judged = photo_audits.judged(connection, visit.tenant, oldest, max(shown, visit.today))
            wrong = photo_audits.wrong(connection, visit.tenant, shown, visit.who.label)
            progress = photo_audits.progress(connection, visit.tenant, shown, visit.who.label)
            waiting = photo_audits.next_for(connection, visit.tenant, shown, visit.who.label) is not None
            pairs = photo_audits.pairs(connection, visit.tenant, oldest, max(shown, visit.today))
        here = [one for one in judged if one.week == shown]
        return shell.page(
            visit,
            "audit.html",
            here="audit",
            week=shown,
            weeks=view.weeks_of(visit.today, (one.week for one in samples)),
            last_day=shown + timedelta(days=6),
            sample=next((one for one in samples if one.week == shown), None),
            settings=context.config.audit,
            progress=progress,
            waiting=waiting,
            found=accuracy.measure(here),
            lines=[
                WeekLine(one, sum(row.week == one.week for row in judged), accuracy.measure(_of(judged, one.week)))
                for one in samples[:PUBLISHED_WEEKS]
            ],
            published=accuracy.measure(judged),
            agreement=accuracy.agreement(pairs),
            by={
                "chain": accuracy.split(judged, lambda one: one.chain),
                "model": accuracy.split(judged, lambda one: one.model),
            },
            enough=accuracy.ENOUGH,
            wrong=wrong,
            products=context.products.of(visit.tenant),
            stores={one.id: one.name for one in context.stores.described if one.tenant == visit.tenant},
        )

    @routes.get("/audit/beside")
    def show_beside(visit: Reader) -> Response:
        """What stands beside KPIs: how right they are, and by how many judgements."""
        with reading(engine) as connection:
            since = monday_of(visit.today) - timedelta(weeks=PUBLISHED_WEEKS)
            judged = photo_audits.judged(connection, visit.tenant, since, visit.today)
        return shell.part(visit, "audit_beside.html", found=accuracy.measure(judged), weeks=PUBLISHED_WEEKS)

    @routes.post("/audit/draw")
    def draw(request: Request, visit: Corrector, given: Form) -> Response:
        """Draw a week's sample now, of its days so far."""
        try:
            week = monday_of(date.fromisoformat(given.get("week", "")))
        except ValueError:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "week is a day of it, YYYY-MM-DD") from None
        if week > visit.now.date():
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "that week has not begun")
        sample = draw_sample(
            engine,
            context.stores,
            context.config.audit,
            tenant=visit.tenant,
            week=week,
            now=visit.now,
            who=visit.who.label,
        )
        note(request, f"sample of {week}: {sample.drawn if sample else 'nothing new'}")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    _add_judging(routes, context, shell)
    return routes


def _add_judging(routes: APIRouter, context: Context, shell: Shell) -> None:
    engine = context.engine

    @routes.get("/audit/judge")
    def ask(visit: Corrector, week: date, q: Annotated[str, Query(max_length=100)] = "") -> Response:
        """The next facing: nothing of the machine's answer is on this page."""
        monday = monday_of(week)
        with reading(engine) as connection:
            question = photo_audits.next_for(connection, visit.tenant, monday, visit.who.label)
            progress = photo_audits.progress(connection, visit.tenant, monday, visit.who.label)
        products, found = view.listed(context.products.of(visit.tenant).values(), q)
        return shell.page(
            visit,
            "audit_judge.html",
            here="audit",
            week=monday,
            question=question,
            framed=_framed(context, visit, question) if question else None,
            progress=progress,
            products=products,
            found=found,
            q=q,
        )

    @routes.post("/audit/judge")
    def answer(request: Request, visit: Corrector, given: Form) -> Response:
        """Keep what somebody says of a facing: once, however often it is sent."""
        choice = view.choice_of(given.get("choice", ""), context.products.of(visit.tenant))
        week, place, counted = _numbers(given)
        if choice is None:
            raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "choose a product of the list, or one of the other answers")
        said = photo_audits.Answer(choice.says, choice.sku, counted, visit.who.label, visit.now)
        try:
            with writing(engine) as connection:
                new = photo_audits.answer(connection, visit.tenant, week, place, said)
        except photo_audits.NotInSample:
            raise Problem(HTTPStatus.NOT_FOUND, f"no facing {place} in the sample of {week}") from None
        note(request, f"{week} {place}: {choice.sku or choice.says}{'' if new else ', which was judged before'}")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    @routes.get("/audit/facing")
    def look_back(visit: Looker, week: date, place: Place) -> Response:
        """A facing on which judge and machine did not agree."""
        with reading(engine) as connection:
            wrong = photo_audits.wrong(connection, visit.tenant, monday_of(week), visit.who.label)
            one = next((row for row in wrong if row.place == place), None)
            asked = photo_audits.drawn(connection, visit.tenant, monday_of(week), place) if one else None
        if one is None or asked is None:
            raise Problem(HTTPStatus.NOT_FOUND, f"no such facing {place} in the sample of {week}")
        return shell.page(
            visit,
            "audit_facing.html",
            here="audit",
            question=asked,
            one=one,
            framed=_framed(context, visit, asked),
            products=context.products.of(visit.tenant),
            store_name=_store_name(context, visit, one.store),
        )


def _framed(context: Context, visit: Visit, question: Question) -> view.Framed | None:
    """None where the photograph went meanwhile, or is none."""
    content = context.photographs.show(visit.tenant, question.evidence)
    width, height = imagesize.get(io.BytesIO(content)) if content else (-1, -1)
    return view.framed((width, height), question.box, question.band) if width > 0 and height > 0 else None


def _store_name(context: Context, visit: Visit, store: str) -> str:
    found = context.stores.find(visit.tenant, store)
    return found.name if found else store


def _of(judged: list[accuracy.Judged], week: date) -> list[accuracy.Judged]:
    return [one for one in judged if one.week == week]


def _numbers(given: Form) -> tuple[date, int, int | None]:
    """Week, place and what was counted."""
    try:
        week, place = date.fromisoformat(given.get("week", "")), int(given.get("place", ""))
        counted = int(given["counted"]) if given.get("counted", "").strip() else None
    except ValueError:
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "week, place and the count are a day and numbers") from None
    if not 0 <= place < 2**31 or (counted is not None and not 0 <= counted <= _MOST_COUNTED):
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"count from 0 to {_MOST_COUNTED}")
    return week, place, counted

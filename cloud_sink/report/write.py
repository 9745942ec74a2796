"""Words and numbers of a report in one language. Pure: a gathered week in, a document out."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.profile.figures import Figures, values
from cloud_sink.report.document import Document, Drawing, Picture, Sheet, Tile
from cloud_sink.report.drawing import line_chart

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.photo_audit.accuracy import Rate
    from cloud_sink.profile.goods_model import Goods
    from cloud_sink.profile.model import Action, StoreProfile
    from cloud_sink.report.document import Mood
    from cloud_sink.report.gather import ChainWeek, Photograph, StoreWeek
    from cloud_sink.web.language import Language

SHARES = ("osa", "own_share", "purity", "compliance", "must_stock")
COUNTS = ("stockouts", "footfall", "stop_rate")
DRAWN = ("osa", "own_share", "compliance", "footfall")
"""Figures that are told, and those that are drawn over the days."""

_IS_SHARE = {*SHARES, "stop_rate", "completeness", "occupancy"}
_FALLING = {"stockouts"}
_MOST_TODO, _MOST_LINES = 10, 12

Value = float | None


def of_store(week: StoreWeek, t: Language) -> Document:
    """A store's report."""
    profile, place = week.profile, week.profile.place
    name = place.name or profile.store
    compared = {one.figure: one.past for one in week.standing.figures} if week.standing else {}
    names = {one.fixture: one.name or one.fixture for one in profile.fixtures}
    captions = {one.fixture: _fixture_line(one.goods, t) for one in profile.fixtures}
    return Document(
        language=t.code,
        title=t("report.store_title", name=name),
        below=" · ".join(part for part in (place.city, place.chain, place.channel, place.representative) if part),
        period=_period(week.monday, week.until, t),
        badge=profile.grade.letter or "",
        notes=_notes(profile.completeness.value, week.accuracy, t),
        warning=t("report.simulated") if profile.simulated else "",
        tiles=tuple(_tiles(profile.figures, compared, t)),
        drawings=tuple(_drawings(_by_day(week.days), week.monday, t)),
        todo_title=t("report.todo"),
        todo=tuple((_sentence(one, t), names.get(one.fixture, one.fixture)) for one in profile.todo[:_MOST_TODO]),
        todo_none=t("report.todo_none"),
        pictures_title=t("report.pictures"),
        pictures=tuple(
            _picture(one, names.get(one.fixture, one.fixture), captions.get(one.fixture, ""), t)
            for one in week.photographs
        ),
        sheets=(_stockouts(profile, t), _fixtures(profile, t), _products(profile.goods, t), _brands(profile.goods, t)),
        footer=_footer(week.now, place.zone, t),
        page_of=t("report.page_of"),
    )


def of_chain(week: ChainWeek, stores: StoreBook, tenant: str, t: Language) -> Document:
    """A chain's report, or that of all stores."""
    now, before = week.overview.now, week.overview.before
    past = dict(before.figures) if before.stores else {}
    names = {one.store: one.name or one.store for one in week.stores}
    told = {one.store: one for one in week.stores}
    first = stores.find(tenant, week.stores[0].store) if week.stores else None
    return Document(
        language=t.code,
        title=t("report.store_title", name=week.chain or t("report.all_stores")),
        below=t("report.stores_count", count=now.stores),
        period=_period(week.monday, week.until, t),
        badge=now.letter or "",
        notes=_notes(now.figures.completeness, week.accuracy, t),
        warning=t("report.simulated") if week.simulated else "",
        tiles=tuple(_tiles(now.figures, past, t)),
        drawings=tuple(_drawings({day: dict(one.figures) for day, one in week.before.days.items()}, week.monday, t)),
        todo_title="",
        todo=(),
        todo_none="",
        pictures_title=t("report.pictures"),
        pictures=tuple(
            _picture(
                one,
                names[one.store],
                t(
                    "report.score_line",
                    score=t.number(told[one.store].score, 1),
                    osa=t.percent(told[one.store].figures.osa, 1),
                ),
                t,
            )
            for one in week.photographs
        ),
        sheets=(_ranking(week, t),),
        footer=_footer(week.now, first.zone if first else "UTC", t),
        page_of=t("report.page_of"),
    )


def _tiles(figures: Figures, past: Mapping[str, Value], t: Language) -> Iterable[Tile]:
    for name in (*SHARES, *COUNTS):
        value: Value = getattr(figures, name)
        if value is None and name not in SHARES[:2]:
            continue
        text, mood = _change(name, value, past.get(name), t)
        yield Tile(t(f"figures.{name}"), _written(name, t)(value), text, mood)


def _change(name: str, value: Value, past: Value, t: Language) -> tuple[str, Mood]:
    """How a figure moved against the week before."""
    if value is None or past is None:
        return "", "flat"
    moved = value - past
    if name in _IS_SHARE:
        text = t("report.points", change=t.points(moved))
    else:
        sign = "+" if moved >= 0 else "\N{MINUS SIGN}"
        text = t("report.than_before", change=f"{sign}{t.number(abs(moved), 1)}")
    if abs(moved) < (0.0005 if name in _IS_SHARE else 0.05):
        return text, "flat"
    return text, "good" if (moved > 0) != (name in _FALLING) else "bad"


def _written(name: str, t: Language) -> Callable[[Value], str]:
    if name in _IS_SHARE:
        return lambda value: t.percent(value, 1)
    return lambda value: t.number(value, 1 if value is not None and value < 100 else 0)  # noqa: PLR2004 - as it reads


def _by_day(days: Mapping[date, Mapping[str, int]]) -> dict[date, Mapping[str, Value]]:
    return {day: values(dict(counts), DRAWN) for day, counts in days.items()}


def _drawings(days: Mapping[date, Mapping[str, Value]], monday: date, t: Language) -> Iterable[Drawing]:
    sunday = monday + timedelta(days=6)
    begun = min([*days, monday])
    calendar = [begun + timedelta(days=number) for number in range((sunday - begun).days + 1)]
    labels = [t.short_day(day) for day in calendar]
    for name in DRAWN:
        course = [days.get(day, {}).get(name) for day in calendar]
        known = [(day, value) for day, value in zip(calendar, course, strict=True) if value is not None]
        title, written = t(f"figures.{name}"), _written(name, t)
        svg = line_chart(
            course,
            labels,
            _axis(name, t),
            shaded=((monday - begun).days, len(calendar) - 1),
            most=1.0 if name in _IS_SHARE else None,
        )
        if known:
            told = t(
                "report.told",
                figure=title,
                first=written(known[0][1]),
                since=t.short_day(known[0][0]),
                last=written(known[-1][1]),
                until=t.short_day(known[-1][0]),
            )
            yield Drawing(t("report.drawn", figure=title), svg, told)


def _axis(name: str, t: Language) -> Callable[[float], str]:
    return (lambda value: t.percent(value, 1)) if name in _IS_SHARE else t.number


def _notes(completeness: Value, accuracy: Rate, t: Language) -> tuple[str, ...]:
    if accuracy.value is None:
        audited = t("report.not_audited")
    else:
        audited = t(
            "report.accuracy",
            share=t.percent(accuracy.value),
            low=t.percent(accuracy.low),
            high=t.percent(accuracy.high),
            count=accuracy.judged,
        )
    return t("report.completeness", share=t.percent(completeness)), audited


def _sentence(one: Action, t: Language) -> str:
    if one.kind == "refill":
        return t("todo.refill", what=one.name or one.sku)
    if one.kind == "repair_camera":
        return t("todo.repair_camera", reason=t(f"todo.reason.{one.name or 'silent'}"))
    return t(f"todo.{one.kind}", count=one.count or 0)


def _fixture_line(goods: Goods, t: Language) -> str:
    kpis = goods.kpis
    plan = kpis.compliance.facings.value if kpis.compliance else None
    return t(
        "report.fixture_line", osa=t.percent(kpis.osa, 1), share=t.percent(kpis.own_share, 1), plan=t.percent(plan, 1)
    )


def _picture(one: Photograph, title: str, caption: str, t: Language) -> Picture:
    width, height = one.size
    return Picture(one.sha256, title, f"{t.calendar(one.day)} · {caption}", max(0, width), max(0, height))


def _stockouts(profile: StoreProfile, t: Language) -> Sheet:
    zone = profile.place.zone
    lines = sorted(profile.goods.stockouts, key=lambda one: -one.minutes)[:_MOST_LINES]
    return Sheet(
        t("report.stockouts"),
        (t("report.sku"), t("report.since"), t("report.until"), t("report.hours")),
        tuple(
            (
                one.name or one.sku,
                t.moment(one.since, zone),
                t.moment(one.until, zone) if one.until else t("report.lasts"),
                t.number(one.minutes / 60, 1),
            )
            for one in lines
        ),
        frozenset({3}),
        t("report.stockouts_none"),
    )


def _fixtures(profile: StoreProfile, t: Language) -> Sheet:
    return Sheet(
        t("report.fixtures"),
        (
            t("report.fixture"),
            t("report.captures"),
            *(t(f"figures.{name}") for name in ("completeness", "osa", "own_share", "compliance")),
        ),
        tuple(
            (
                one.name or one.fixture,
                t.number(one.captures),
                t.percent(one.completeness.value),
                t.percent(one.goods.kpis.osa, 1),
                t.percent(one.goods.kpis.own_share, 1),
                t.percent(one.goods.kpis.compliance.facings.value if one.goods.kpis.compliance else None, 1),
            )
            for one in profile.fixtures
        ),
        frozenset(range(1, 6)),
        t("report.none"),
    )


def _products(goods: Goods, t: Language) -> Sheet:
    """What is planned, the least available first."""
    planned = sorted(
        (one for one in goods.skus if one.planned is not None),
        key=lambda one: (one.osa is None, one.osa or 0.0, one.name or one.sku),
    )
    return Sheet(
        t("report.products"),
        (t("report.sku"), t("report.brand"), t("report.facings"), t("figures.osa"), t("report.stockouts")),
        tuple(
            (
                one.name or one.sku,
                one.brand or "",
                t.number(one.facings, 1),
                t.percent(one.osa, 1),
                t.number(one.stockouts),
            )
            for one in planned[:_MOST_LINES]
        ),
        frozenset({2, 3, 4}),
        t("report.none"),
    )


def _brands(goods: Goods, t: Language) -> Sheet:
    brands = sorted(goods.brands, key=lambda one: (-one.facings, one.name))[:_MOST_LINES]
    return Sheet(
        t("report.brands"),
        (t("report.brand"), t("report.facings"), t("store.share_in_category")),
        tuple((one.name, t.number(one.facings, 1), t.percent(one.share_of_shelf, 1)) for one in brands),
        frozenset({1, 2}),
        t("report.none"),
    )


def _ranking(week: ChainWeek, t: Language) -> Sheet:
    names = ("osa", "own_share", "purity", "compliance", "footfall")
    return Sheet(
        t("report.ranking"),
        (t("report.store"), t("figures.score"), *(t(f"figures.{name}") for name in (*names, "completeness"))),
        tuple(
            (
                one.name or one.store,
                f"{one.letter or ''} {t.number(one.score, 1)}".strip(),
                *(_written(name, t)(getattr(one.figures, name)) for name in (*names, "completeness")),
            )
            for one in week.stores
        ),
        frozenset(range(1, 8)),
        t("report.none"),
    )


def _period(monday: date, until: date, t: Language) -> str:
    parts = {"since": t.calendar(monday), "until": t.calendar(until)}
    return t("report.period", **parts) if until == monday + timedelta(days=6) else t("report.so_far", **parts)


def _footer(now: datetime, zone: str, t: Language) -> str:
    return f"{t('common.product')} · {t('report.made', at=t.moment(now, zone))}"

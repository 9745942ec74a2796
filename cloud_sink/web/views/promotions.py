"""A promotion: its effects with their intervals, both groups of stores day by day, what it returned. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from statistics import fmean
from typing import TYPE_CHECKING, Literal

from cloud_sink.web.charts import Chart, Series, Stretch
from cloud_sink.web.views.intervals import Drawn, Scale
from cloud_sink.web.views.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from cloud_sink.analyses.differences import Daily, Effect
    from cloud_sink.analyses.promotion import Measured
    from cloud_sink.analyses.returns import Return
    from cloud_sink.store.master import PromotionTold
    from cloud_sink.web.charts import Unit
    from cloud_sink.web.language import Language

State = Literal["planned", "running", "over"]
Verdict = Literal["more", "less", "open", "unknown"]

UNITS: Mapping[str, Unit] = {"units": "count", "facings": "count", "osa": "percent", "stoppers": "count"}
"""Outcomes in the order of the page, and how they are written."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One outcome."""

    effect: Effect
    unit: Unit
    verdict: Verdict
    drawn: Drawn
    early: Drawn
    course: Chart
    cautions: list[str]


def state_of(one: PromotionTold, today: date) -> State:
    """Whether a promotion is still to come, under way or over."""
    if one.since > today:
        return "planned"
    return "over" if one.until < today else "running"


def verdict_of(effect: Effect) -> Verdict:
    """What the interval allows to say."""
    if effect.low is None or effect.high is None:
        return "unknown"
    return "more" if effect.low > 0 else "less" if effect.high < 0 else "open"


def outcomes(found: Measured, t: Language) -> list[Shown]:
    """Every outcome that was measured, in the order of the page."""
    effects = {one.outcome: one for one in found.report.effects}
    shown = []
    for name, unit in UNITS.items():
        if name not in effects:
            continue
        one = effects[name]
        scale = Scale.around((one.effect, one.low, one.high, one.early, one.early_low, one.early_high))
        shown.append(
            Shown(
                effect=one,
                unit=unit,
                verdict=verdict_of(one),
                drawn=scale.draw(one.effect, one.low, one.high),
                early=scale.draw(one.early, one.early_low, one.early_high),
                course=_course(found, name, unit, t),
                cautions=[reason(text, t) for text in one.cautions],
            )
        )
    return shown


def returned(found: Return) -> Drawn:
    """What was left over, with its interval."""
    return Scale.around((found.profit, found.low, found.high)).draw(found.profit, found.low, found.high)


def _course(found: Measured, name: str, unit: Unit, t: Language) -> Chart:
    """Means of the stores that were observed, as they were: what the effect is made of, days not put level."""
    report, daily = found.report, found.daily[name]
    first = report.since - timedelta(days=report.before)
    last = min(report.until, max((day for _, day in daily), default=report.until))
    days = [first + timedelta(days=at) for at in range((last - first).days + 1)]
    left_out = set(next(one for one in report.effects if one.outcome == name).left_out)
    rivals = frozenset[str]().union(*(one.matched for one in found.treated.values()))
    mine = found.treated.keys() - left_out or found.treated.keys()
    since, until = ((day - first).days for day in (report.since, min(report.until, last)))
    return Chart(
        t(f"promotions.course.{name}"),
        tuple(t.short_day(day) for day in days),
        (
            Series(t("promotions.with"), _means(daily, mine, days), "own", "line", unit),
            Series(t("promotions.without"), _means(daily, rivals, days), "quiet", "dashed", unit),
        ),
        (Stretch(since, until + 1, t("promotions.runs")),) if until >= since else (),
    )


def _means(daily: Daily, stores: Collection[str], days: Collection[date]) -> tuple[float | None, ...]:
    told = ([daily[store, day] for store in stores if (store, day) in daily] for day in days)
    return tuple(fmean(values) if values else None for values in told)

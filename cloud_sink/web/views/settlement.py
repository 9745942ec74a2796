"""A display contract over a month: totals by currency, each line's days as a strip, one line day by day. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from cloud_sink.web.charts import Chart, Series
from cloud_sink.web.views.reasons import reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from cloud_sink.analyses.settlement_model import DisplayLine, Settlement, State
    from cloud_sink.store.master import ContractTold
    from cloud_sink.web.language import Language

ON_A_PAGE = 50
MONTHS = 24
STATES: tuple[State, ...] = ("stood", "short", "unclear", "unseen")


@dataclass(frozen=True, slots=True)
class Total:
    """What is due in one currency, of the lines that are settled."""

    currency: str | None
    fee: float  # of the lines that are settled: of a whole month
    due: float
    due_at_most: float


@dataclass(frozen=True, slots=True)
class Shown:
    """One line."""

    line: DisplayLine
    strip: tuple[tuple[int, State], ...]  # place and state of each day
    why: str  # it is not settled; '' where it is

    @property
    def share(self) -> float:
        """What was attained, in hundredths."""
        return round(100 * (self.line.attained or 0.0), 2)

    @property
    def doubt(self) -> float:
        """What could be attained beyond it, in hundredths."""
        return round(100 * ((self.line.attained_at_most or 0.0) - (self.line.attained or 0.0)), 2)


def totals(found: Settlement) -> list[Total]:
    """What is due, by currency."""
    kept: dict[str | None, list[DisplayLine]] = {}
    for line in found.lines:
        if line.due is not None:
            kept.setdefault(line.currency, []).append(line)
    return [
        Total(
            currency,
            sum(line.fee or 0.0 for line in lines),
            sum(line.due or 0.0 for line in lines),
            sum(line.due_at_most or 0.0 for line in lines),
        )
        for currency, lines in sorted(kept.items(), key=lambda one: one[0] or "")
    ]


def shown(lines: Iterable[DisplayLine], month: date, t: Language) -> list[Shown]:
    """Lines with their days; those that fell short first."""
    ordered = sorted(lines, key=lambda one: (one.attained is None, one.attained or 0.0, one.store, one.brand))
    return [
        Shown(
            line=one,
            strip=tuple(((day.day - month.replace(day=1)).days, day.state) for day in one.days),
            why=reason(one.too_little, t) if one.too_little else "",
        )
        for one in ordered
    ]


def course(line: DisplayLine, t: Language) -> Chart:
    """Facings day by day against those paid for, and what could be the brand's beside them."""
    facings = tuple(day.facings for day in line.days)
    most = tuple(None if day.facings is None or day.unsure is None else day.facings + day.unsure for day in line.days)
    return Chart(
        t("settlement.facings_by_day"),
        tuple(t.short_day(day.day) for day in line.days),
        (
            Series(t("settlement.facings"), facings, "own", "bars"),
            Series(t("settlement.with_unsure"), most, "unsure", "dots"),
            Series(t("settlement.paid"), tuple(float(line.paid_facings) for _ in line.days), "quiet", "dashed"),
        ),
    )


def months_of(told: ContractTold, today: date) -> list[date]:
    """The months that a contract can be settled for, the last first."""
    last, found = min(told.until, today).replace(day=1), list[date]()
    while last >= told.since.replace(day=1) and len(found) < MONTHS:
        found.append(last)
        last = (last - timedelta(days=1)).replace(day=1)
    return found


def usual_month(months: Sequence[date], today: date) -> date | None:
    """The last whole month, which is what gets settled; the one under way where there is no other."""
    whole = [month for month in months if month < today.replace(day=1)]
    return whole[0] if whole else months[0] if months else None

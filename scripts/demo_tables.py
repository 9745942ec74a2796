"""The profile of the demo's day beside the truth, as tables on a terminal."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from demo_truth import Truth
    from rich.console import RenderableType

UNKNOWN = "-"


def tables(profile: dict[str, Any], truth: Truth | None, names: Mapping[str, str]) -> Iterator[RenderableType]:
    """Everything there is to show, in order.

    Args:
        profile: the JSON that the API gives.
        truth: what truly stood there; None where nobody knows.
        names: SKU -> name.
    """
    if profile["simulated"]:
        yield "[bold yellow]SIMULATED 模拟: rendered pictures, invented products[/bold yellow]"
    yield sku_table(profile, truth, names)
    yield kpi_table(profile, truth)
    if profile["goods"]["stockouts"] or (truth and truth.stockouts):
        yield stockout_table(profile, truth, names)


def sku_table(profile: dict[str, Any], truth: Truth | None, names: Mapping[str, str]) -> Table:
    """Facings and shares per SKU."""
    table = Table(
        title=f"Store profile of {profile['store']}, {profile['day']}: mean facings a capture", title_justify="left"
    )
    table.add_column("SKU")
    for heading in ("read", "true", "unsure", "share", "true", "plan", "OSA"):
        table.add_column(heading, justify="right", no_wrap=True)
    read = {line["sku"]: line for line in profile["goods"]["skus"]}
    for sku in sorted({*read, *(truth.facings if truth else ())}):
        line = read.get(sku, {"facings": 0.0, "unsure": 0.0, "share_of_shelf": None, "planned": None, "osa": None})
        all_facings = profile["goods"]["kpis"]["facings"]["all"] or 1
        table.add_row(
            names.get(sku, sku),
            f"{line['facings']:.2f}",
            f"{truth.facings.get(sku, 0.0):.2f}" if truth else UNKNOWN,
            f"{line['unsure']:.2f}",
            percent(line["facings"] / all_facings),
            percent(truth.share(sku)) if truth else UNKNOWN,
            f"{line['planned']:.0f}" if line["planned"] else UNKNOWN,
            percent(line["osa"]),
        )
    return table


def kpi_table(profile: dict[str, Any], truth: Truth | None) -> Table:
    """The KPIs of the day."""
    kpis = profile["goods"]["kpis"]
    table = Table(title="KPIs", title_justify="left")
    table.add_column("KPI")
    table.add_column("profile", justify="right")
    table.add_column(truth.source if truth else "truth", justify="right")
    complete = profile["completeness"]
    table.add_row(
        "completeness",
        f"{percent(complete['value'])} ({complete['accepted']} of {complete['due'] or UNKNOWN})",
        UNKNOWN,
    )
    rejected = Counter[str]()
    for fixture in profile["fixtures"]:
        rejected.update(fixture["rejected"])
    table.add_row(
        "captures not used", ", ".join(f"{count} {name}" for name, count in rejected.items()) or "none", UNKNOWN
    )
    facings = kpis["facings"] or Counter()
    table.add_row("facings a capture", f"{facings['all']:.2f}", f"{truth.total:.2f}" if truth else UNKNOWN)
    table.add_row(
        "  of them unknown or unsure",
        f"{facings['unknown'] + facings['unsure']:.2f}",
        f"{truth.other:.2f}" if truth else UNKNOWN,
    )
    purity = kpis["purity"] or {"value": None, "low": None, "high": None}
    table.add_row("purity", percent(purity["value"]), percent(truth.purity) if truth else UNKNOWN)
    table.add_row("  between", f"{percent(purity['low'])} and {percent(purity['high'])}", "")
    table.add_row("occupancy", percent(kpis["occupancy"]), UNKNOWN)
    table.add_row("OSA", percent(kpis["osa"]), UNKNOWN)
    for name, level in (kpis["compliance"] or {}).items():
        table.add_row(f"planogram compliance: {name}", percent(level["value"]), UNKNOWN)
    return table


def stockout_table(profile: dict[str, Any], truth: Truth | None, names: Mapping[str, str]) -> Table:
    """Stock-out episodes, in store time."""
    table = Table(title="Stock-outs", title_justify="left")
    for heading in ("SKU", "since", "until", "true since", "true until"):
        table.add_column(heading)
    true = {one.sku: one for one in truth.stockouts} if truth else {}
    found, zone = profile["goods"]["stockouts"], ZoneInfo(profile["place"]["zone"])
    for line in found:
        one = true.pop(line["sku"], None)
        since, until = clock(line["since"], zone), clock(line["until"], zone)
        table.add_row(
            names.get(line["sku"], line["sku"]),
            since,
            until,
            clock(one.since, zone) if one else "no stock-out",
            clock(one.until, zone) if one else "",
        )
    for one in true.values():
        table.add_row(names.get(one.sku, one.sku), "not seen", "", clock(one.since, zone), clock(one.until, zone))
    return table


def percent(value: float | None) -> str:
    """A share for people; a dash for what nobody knows."""
    return UNKNOWN if value is None else f"{100 * value:.1f}%"


def clock(moment: str | datetime | None, zone: ZoneInfo) -> str:
    """A moment in store time."""
    if moment is None:
        return "lasts"
    at = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
    return f"{at.astimezone(zone):%H:%M}"

"""The profile as tables on a terminal: every figure with its unit, and what nobody saw as a dash."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rich.console import RenderableType

    from cloud_sink.profile.goods_model import Goods, RatioKpi
    from cloud_sink.profile.model import FixtureProfile, Grade, People, Place, StoreProfile

UNKNOWN = "-"
ACTIONS = {
    "refill": "refill {name}, out since {since}",
    "remove_foreign": "remove foreign products: {count} facings",
    "reset_planogram": "re-set the planogram: {count} facings",
    "repair_camera": "repair the camera: {count} captures missing ({name})",
}
_TOLD = 0.05
LEVELS = (
    ("present", "SKU present"),
    ("shelf", "on its shelf"),
    ("order", "in its order"),
    ("facings", "with all its facings"),
)


def render(profile: StoreProfile) -> Iterator[RenderableType]:
    """The parts of a profile, in the order to print them."""
    place = profile.place
    when = f"{profile.since:%A %d %B %Y}" + ("" if profile.day else f" to {profile.until:%A %d %B %Y}")
    title = Text(f"{place.name or profile.store}  ·  {when}", style="bold")
    yield title
    yield Text(
        f"tenant {profile.tenant}  store {profile.store}"
        + "".join(f"  {word}" for word in (place.chain, place.channel, place.city) if word)
        + f"  open {_clock(place.opens, place)} to {_clock(place.closes, place)} {place.zone}"
    )
    if profile.simulated:
        yield Text("SIMULATED: these figures come from rendered pictures, not from a store", style="bold yellow")
    yield Text(_grade(profile.grade))
    if profile.todo:
        yield _todo(profile)
    yield _summary(profile)
    yield _skus(profile.goods)
    if profile.goods.brands:
        yield _shares(profile.goods)
    if profile.goods.stockouts:
        yield _stockouts(profile)
    if profile.people.hours:
        yield _people(profile.people)
    else:
        yield Text("People: no camera counts them here")
    if place.devices:
        yield _devices(place)


def _grade(grade: Grade) -> str:
    if grade.letter is None:
        return f"Grade: unknown, {_percent(grade.covered)} of what it weighs was observed"
    lost = ", ".join(
        f"{part.kpi.replace('_', ' ')} {part.missing:.1f}" for part in grade.parts if part.missing >= _TOLD
    )
    return f"Grade {grade.letter}, {grade.score:.1f} of 100" + (f"; points to be had: {lost}" if lost else "")


def _todo(profile: StoreProfile) -> Table:
    table = _table("To do")
    for name in ("what", "where"):
        table.add_column(name)
    table.add_column("points", justify="right")
    table.add_column("seen in")
    for action in profile.todo:
        what = ACTIONS[action.kind].format(
            name=action.name or action.sku or "no capture was rejected",
            count=action.count,
            since=_moment(action.since, profile) if action.since else UNKNOWN,
        )
        table.add_row(what, action.fixture, f"{action.points:.1f}", action.evidence or action.capture or UNKNOWN)
    return table


def _summary(profile: StoreProfile) -> Table:
    table = _table("Fixtures")
    table.add_column("KPI")
    columns: list[tuple[Goods, FixtureProfile | None]] = [(fixture.goods, fixture) for fixture in profile.fixtures]
    if len(columns) > 1:
        columns.append((profile.goods, None))
    for _, fixture in columns:
        table.add_column(fixture.name or fixture.fixture if fixture else "store", justify="right")
    for label, values in _rows(profile, columns):
        table.add_row(label, *values)
    return table


def _rows(profile: StoreProfile, columns: list[tuple[Goods, FixtureProfile | None]]) -> Iterator[tuple[str, list[str]]]:
    complete = [fixture.completeness if fixture else profile.completeness for _, fixture in columns]
    yield "completeness", [_percent(one.value) for one in complete]
    yield (
        "captures accepted / due",
        [f"{one.accepted} / {_count(one.due)}" for one in complete],
    )
    yield "captures rejected", [_rejected(profile, fixture) for _, fixture in columns]
    kpis = [goods.kpis for goods, _ in columns]
    yield "facings, mean", [_mean(one.facings.all if one.facings else None) for one in kpis]
    for name in ("own", "foreign", "unknown", "unsure", "gaps"):
        yield f"  {name}", [_mean(getattr(one.facings, name) if one.facings else None) for one in kpis]
    yield "purity", [_percent(one.purity.value if one.purity else None) for one in kpis]
    yield (
        "  lowest to highest",
        [f"{_percent(one.purity.low)} to {_percent(one.purity.high)}" if one.purity else UNKNOWN for one in kpis],
    )
    yield "OSA", [_percent(one.osa) for one in kpis]
    yield "occupancy", [_percent(one.occupancy) for one in kpis]
    yield "assortment, own SKUs", [_mean(one.assortment) for one in kpis]
    yield "must-stock", [_ratio(one.must_stock) for one in kpis]
    for name, label in LEVELS:
        yield (
            f"compliance: {label}",
            [_ratio(getattr(one.compliance, name) if one.compliance else None) for one in kpis],
        )


def _skus(goods: Goods) -> Table:
    table = _table("SKUs: mean facings and shares of their category")
    table.add_column("SKU", no_wrap=True)
    for name in ("facings", "planned", "unsure", "share", "seen in", "OSA", "taken"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in goods.skus:
        table.add_row(
            line.name or line.sku,
            _mean(line.facings),
            _mean(line.planned),
            _mean(line.unsure),
            _percent(line.share_of_shelf),
            _percent(line.seen),
            _percent(line.osa),
            str(line.taken),
        )
    return table


def _shares(goods: Goods) -> Table:
    table = _table("Brands within their category, and owners of all facings")
    for name in ("brand or owner", "category"):
        table.add_column(name, no_wrap=True)
    for name in ("facings", "share of shelf", "linear share"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in [*goods.brands, *goods.owners]:
        table.add_row(
            line.name,
            line.category or "all",
            _mean(line.facings),
            _percent(line.share_of_shelf),
            _percent(line.linear_share),
        )
    return table


def _stockouts(profile: StoreProfile) -> Table:
    table = _table("Stock-outs")
    for name in ("SKU", "fixture", "since", "until"):
        table.add_column(name, no_wrap=True)
    table.add_column("while open", justify="right", no_wrap=True)
    for line in profile.goods.stockouts:
        table.add_row(
            line.name or line.sku,
            line.fixture,
            _moment(line.since, profile),
            _moment(line.until, profile) if line.until else "lasts",
            f"{line.minutes:.0f} min",
        )
    return table


def _people(people: People) -> Table:
    table = _table("People")
    for name in ("hour", "footfall", "passers", "stoppers"):
        table.add_column(name, justify="right")
    for hour in people.hours:
        table.add_row(hour.clock, _count(hour.footfall), _count(hour.passers), _count(hour.stoppers))
    table.add_row("all", _count(people.footfall), _count(people.passers), _count(people.stoppers), style="bold")
    table.caption = f"completeness {_percent(people.completeness)}"
    return table


def _devices(place: Place) -> Table:
    table = _table("Devices")
    for name in ("device", "state", "last seen (UTC)", "events missing", "health"):
        table.add_column(name)
    for line in place.devices:
        health = line.health or {}
        table.add_row(
            line.device,
            line.state or UNKNOWN,
            f"{line.last_seen:%Y-%m-%d %H:%M}",
            str(line.missing_events),
            f"outbox {health['outbox_depth']} events" if "outbox_depth" in health else UNKNOWN,
        )
    return table


def _rejected(profile: StoreProfile, fixture: FixtureProfile | None) -> str:
    if fixture is None:
        return str(sum(sum(one.rejected.values()) for one in profile.fixtures))
    if not fixture.rejected:
        return "0"
    return f"{sum(fixture.rejected.values())} ({', '.join(f'{reason} {n}' for reason, n in fixture.rejected.items())})"


def _table(title: str) -> Table:
    return Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)


def _moment(at: datetime, profile: StoreProfile) -> str:
    local = at.astimezone(ZoneInfo(profile.place.zone))
    return f"{local:%H:%M}" if profile.day and local.date() == profile.day else f"{local:%Y-%m-%d %H:%M}"


def _clock(at: datetime, place: Place) -> str:
    return f"{at.astimezone(ZoneInfo(place.zone)):%H:%M}"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1%}"


def _mean(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f}"


def _count(value: int | None) -> str:
    return UNKNOWN if value is None else str(value)


def _ratio(ratio: RatioKpi | None) -> str:
    return UNKNOWN if ratio is None else _percent(ratio.value)

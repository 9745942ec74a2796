"""Goods: what to do, the KPIs of each fixture, SKUs, shares and stock-outs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.profile.text.words import UNKNOWN, count, duration, mean, moment, percent, ratio, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType
    from rich.table import Table

    from cloud_sink.profile.goods_model import Goods
    from cloud_sink.profile.model import FixtureProfile, StoreProfile

ACTIONS = {
    "refill": "refill {name}, out since {since}",
    "remove_foreign": "remove foreign products: {count} facings",
    "reset_planogram": "re-set the planogram: {count} facings",
    "repair_camera": "repair the camera: {count} captures missing ({name})",
}
LEVELS = (
    ("present", "SKU present"),
    ("shelf", "on its shelf"),
    ("order", "in its order"),
    ("facings", "with all its facings"),
)
_NEW = {True: "new", False: "", None: UNKNOWN}


def goods_text(profile: StoreProfile) -> Iterator[RenderableType]:
    """What to do first, then what was seen."""
    if profile.todo:
        yield _todo(profile)
    yield _summary(profile)
    yield _skus(profile.goods)
    if profile.goods.brands:
        yield _shares(profile.goods)
    if profile.goods.stockouts:
        yield _stockouts(profile)


def _todo(profile: StoreProfile) -> Table:
    made = table("To do", "what", "where", numbers=("points",))
    made.add_column("seen in", overflow="fold")  # a photograph's whole name, to ask for it
    for action in profile.todo:
        what = ACTIONS[action.kind].format(
            name=action.name or action.sku or "no capture was rejected",
            count=action.count,
            since=moment(action.since, profile) if action.since else UNKNOWN,
        )
        made.add_row(what, action.fixture, f"{action.points:.1f}", action.evidence or action.capture or UNKNOWN)
    return made


def _summary(profile: StoreProfile) -> Table:
    made = table("Fixtures", "KPI")
    columns: list[tuple[Goods, FixtureProfile | None]] = [(fixture.goods, fixture) for fixture in profile.fixtures]
    if len(columns) > 1:
        columns.append((profile.goods, None))
    for _, fixture in columns:
        made.add_column(fixture.name or fixture.fixture if fixture else "store", justify="right")
    for label, values in _rows(profile, columns):
        made.add_row(label, *values)
    return made


def _rows(profile: StoreProfile, columns: list[tuple[Goods, FixtureProfile | None]]) -> Iterator[tuple[str, list[str]]]:
    complete = [fixture.completeness if fixture else profile.completeness for _, fixture in columns]
    yield "completeness", [percent(one.value) for one in complete]
    yield (
        "captures accepted / due",
        [f"{one.accepted} / {count(one.due)}" for one in complete],
    )
    yield "captures rejected", [_rejected(profile, fixture) for _, fixture in columns]
    kpis = [goods.kpis for goods, _ in columns]
    yield "facings, mean", [mean(one.facings.all if one.facings else None) for one in kpis]
    for name in ("own", "foreign", "unknown", "unsure", "gaps"):
        yield f"  {name}", [mean(getattr(one.facings, name) if one.facings else None) for one in kpis]
    yield "purity", [percent(one.purity.value if one.purity else None) for one in kpis]
    yield (
        "  lowest to highest",
        [f"{percent(one.purity.low)} to {percent(one.purity.high)}" if one.purity else UNKNOWN for one in kpis],
    )
    yield "OSA", [percent(one.osa) for one in kpis]
    yield "occupancy", [percent(one.occupancy) for one in kpis]
    yield "assortment, own SKUs", [mean(one.assortment) for one in kpis]
    yield "must-stock", [ratio(one.must_stock) for one in kpis]
    for name, label in LEVELS:
        yield (
            f"compliance: {label}",
            [ratio(getattr(one.compliance, name) if one.compliance else None) for one in kpis],
        )
    yield from _coolers([fixture for _, fixture in columns])


def _coolers(fixtures: list[FixtureProfile | None]) -> Iterator[tuple[str, list[str]]]:
    """Doors, cold and power; of the store there are none."""
    yield "door openings", [count(one.door_openings) if one else "" for one in fixtures]
    yield "  refills", [count(one.refills) if one else "" for one in fixtures]
    yield "  open for", [duration(one.door_open_seconds) if one else "" for one in fixtures]
    yield "cabinet", [_celsius(one.cabinet_celsius) if one else "" for one in fixtures]
    yield "power", [percent(one.power) if one else "" for one in fixtures]


def _celsius(degrees: float | None) -> str:
    return UNKNOWN if degrees is None else f"{degrees:.1f} °C"


def _skus(goods: Goods) -> Table:
    numbers = ("facings", "planned", "unsure", "share", "seen in", "OSA", "out", "taken", "refilled", "")
    made = table("SKUs: mean facings and shares of their category", numbers=("SKU", *numbers))
    made.columns[0].justify = "left"
    for line in goods.skus:
        made.add_row(
            line.name or line.sku,
            mean(line.facings),
            mean(line.planned),
            mean(line.unsure),
            percent(line.share_of_shelf),
            percent(line.seen),
            percent(line.osa),
            f"{line.minutes_out:.0f} min" if line.planned is not None else UNKNOWN,
            str(line.taken),
            str(line.refilled),
            _NEW[line.new],
        )
    return made


def _shares(goods: Goods) -> Table:
    made = table(
        "Brands within their category, categories and owners of all facings",
        "brand, category or owner",
        "of",
        numbers=("facings", "share of shelf", "linear share", "OSA", "stock-outs"),
    )
    for line in [*goods.brands, *goods.categories, *goods.owners]:
        made.add_row(
            line.name,
            line.category if line in goods.brands else "all",
            mean(line.facings),
            percent(line.share_of_shelf),
            percent(line.linear_share),
            percent(line.osa),
            str(line.stockouts),
        )
    return made


def _stockouts(profile: StoreProfile) -> Table:
    made = table("Stock-outs", "SKU", "fixture", "since", "until", numbers=("while open",))
    for line in profile.goods.stockouts:
        made.add_row(
            line.name or line.sku,
            line.fixture,
            moment(line.since, profile),
            moment(line.until, profile) if line.until else "lasts",
            f"{line.minutes:.0f} min",
        )
    return made


def _rejected(profile: StoreProfile, fixture: FixtureProfile | None) -> str:
    if fixture is None:
        return str(sum(sum(one.rejected.values()) for one in profile.fixtures))
    if not fixture.rejected:
        return "0"
    return f"{sum(fixture.rejected.values())} ({', '.join(f'{reason} {n}' for reason, n in fixture.rejected.items())})"

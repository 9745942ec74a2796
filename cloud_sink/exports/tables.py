"""What can be exported as a table: which columns, and its rows one by one, however many there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal

from cloud_sink.exports.walk import Wanted, episodes, observations, traffic
from cloud_sink.profile.figures import NAMES
from cloud_sink.profile.measure import Yardstick, measure
from cloud_sink.store.database import reading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database

Kind = Literal["facings", "traffic", "stockouts", "profiles"]
Type = Literal["text", "number", "whole", "moment", "day", "truth"]
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """What exports are made of."""

    engine: Database
    config: SinkConfig
    stores: StoreBook
    products: ProductBook


@dataclass(frozen=True, slots=True)
class Export:
    """A table: its columns with their types, and where its rows come from."""

    columns: tuple[tuple[str, Type], ...]
    rows: Callable[[Source, Wanted], Iterator[Row]]


def _facings(source: Source, wanted: Wanted) -> Iterator[Row]:
    for one, seen, corrected in observations(source.engine, wanted):
        for number, facing in enumerate(seen.counted_facings):
            product = source.products.of(one.tenant).get(facing.sku) if facing.sku else None
            yield (
                *(one.tenant, one.store, one.day, one.at, one.device, f"{one.epoch}-{one.seq}"),
                *(seen.capture, seen.fixture, seen.view, number, facing.shelf, facing.position, facing.sku),
                *((product.gtin, product.brand, product.category) if product else (None, None, None)),
                *(facing.status, facing.score, *facing.box, corrected, seen.simulated),
            )


def _traffic(source: Source, wanted: Wanted) -> Iterator[Row]:
    for one, told in traffic(source.engine, wanted):
        into, out = sum(line.into for line in told.lines), sum(line.out for line in told.lines)
        yield (
            *(one.tenant, one.store, one.day, one.device, told.camera, told.fixture, told.since, told.until),
            *(told.seconds_observed, into, out, told.passers, told.stoppers),
            *(sum(zone.visits for zone in told.zones), sum(zone.dwell_seconds for zone in told.zones)),
            ", ".join(told.withheld),
        )


def _stockouts(source: Source, wanted: Wanted) -> Iterator[Row]:
    for one in episodes(source.engine, wanted):
        product = source.products.of(one.tenant).get(one.sku)
        named = (product.gtin, product.name) if product else (None, None)
        yield (one.tenant, one.store, one.device, one.episode, one.fixture, one.sku, *named, one.since, one.until)


def _profiles(source: Source, wanted: Wanted) -> Iterator[Row]:
    yardstick, now = Yardstick.of(source.config), datetime.now(UTC)
    for day in days_of(wanted):
        with reading(source.engine) as connection:
            found = measure(connection, source.stores, yardstick, tenant=wanted.tenant, since=day, until=day, now=now)
        for store, one in sorted(found.stores.items()):
            if wanted.store in {None, store}:
                places = [one.attribute(name) for name in ("name", "chain", "channel", "city")]
                figures = [one.values[name] for name in (*NAMES, "score")]
                yield (wanted.tenant, store, day, *places, *figures)


def days_of(wanted: Wanted) -> Iterator[date]:
    """The days of a period, both ends included."""
    return (wanted.since + timedelta(days=days) for days in range((wanted.until - wanted.since).days + 1))


_WHERE: tuple[tuple[str, Type], ...] = (("tenant", "text"), ("store", "text"), ("day", "day"))

EXPORTS: dict[Kind, Export] = {
    "facings": Export(
        (
            *_WHERE,
            *(("at", "moment"), ("device", "text"), ("event", "text"), ("capture", "text"), ("fixture", "text")),
            *(("view", "text"), ("facing", "whole"), ("shelf", "whole"), ("position", "whole"), ("sku", "text")),
            *(("gtin", "text"), ("brand", "text"), ("category", "text"), ("status", "text"), ("score", "number")),
            *(("x1", "number"), ("y1", "number"), ("x2", "number"), ("y2", "number")),
            *(("corrected", "truth"), ("simulated", "truth")),
        ),
        _facings,
    ),
    "traffic": Export(
        (
            *_WHERE,
            *(("device", "text"), ("camera", "text"), ("fixture", "text"), ("since", "moment"), ("until", "moment")),
            *(("seconds_observed", "number"), ("into", "whole"), ("out", "whole"), ("passers", "whole")),
            *(("stoppers", "whole"), ("visits", "whole"), ("dwell_seconds", "number"), ("withheld", "text")),
        ),
        _traffic,
    ),
    "stockouts": Export(
        (
            *(("tenant", "text"), ("store", "text"), ("device", "text"), ("episode", "text"), ("fixture", "text")),
            *(("sku", "text"), ("gtin", "text"), ("name", "text"), ("since", "moment"), ("until", "moment")),
        ),
        _stockouts,
    ),
    "profiles": Export(
        (
            *_WHERE,
            *(("name", "text"), ("chain", "text"), ("channel", "text"), ("city", "text")),
            *((name, "number") for name in (*NAMES, "score")),
        ),
        _profiles,
    ),
}

"""A filled store for `./scripts/bench profile`: made by the collector's own steps, and kept to be asked again."""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from fleet_events import OPEN_HOURS, OPENS, TENANT, ZONE, Fleet
from sqlalchemy import text
from store_months import said_on, write_master_data

from cloud_sink.fleet.imports import import_file
from cloud_sink.fleet.master import stores_of
from cloud_sink.fleet.products import load_products
from cloud_sink.fleet.settings import SinkConfig, load_config
from cloud_sink.profile.settle import settle_all
from cloud_sink.store import partitions
from cloud_sink.store.database import open_database, upgrade, writing
from cloud_sink.store.facts import fact_of
from cloud_sink.store.intake import take
from edge.contract.errors import StoreError
from edge.contract.refusal import Refused, read_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from fleet_events import Said

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database
    from cloud_sink.store.facts import Fact
    from edge.contract.catalogue import Sku

STORES_A_BATCH = 20
"""One day of so many stores, about a thousand events, is one transaction."""

_AHEAD = 3
"""Batches that are made while others are stored."""

_NOTE = "filled.json"


@dataclass(frozen=True, slots=True)
class Filled:
    """A store with everything in it."""

    folder: Path
    fleet: Fleet
    config: SinkConfig
    engine: Database
    book: StoreBook
    products: Mapping[str, Sku]
    took: dict[str, Any]  # what filling it took, in this run or the one that did

    @property
    def since(self) -> date:
        """The first day."""
        return self.fleet.opens.date()

    @property
    def until(self) -> date:
        """The last day."""
        return self.since + timedelta(days=self.fleet.days - 1)


def fleet_until_yesterday(stores: int, captures: int, days: int) -> Fleet:
    """A fleet whose last day is over everywhere, and that is as recent as that allows."""
    first = datetime.now(ZoneInfo(ZONE)).date() - timedelta(days=days)
    return Fleet(stores, captures, days, datetime.combine(first, OPENS.timetz()))


@contextmanager
def filled(folder: Path, fleet: Fleet, database: str | None) -> Iterator[Filled]:
    """The store in `folder`, filled where it is not yet.

    Raises:
        StoreError: the folder holds another fleet, or one that was not filled to the end.
    """
    note = folder / _NOTE
    asked = {"stores": fleet.devices, "captures": fleet.captures, "days": fleet.days, "database": database}
    there = json.loads(note.read_text()) if note.exists() else None
    if there is not None and there["asked"] != asked:
        raise StoreError(f"{folder} was filled as {there['asked']}", "ask for the same, or name another folder")
    if there is None:
        if folder.exists() and any(folder.iterdir()):
            raise StoreError(f"{folder} was not filled to the end", "remove it, or name another folder")
        write_master_data(folder, fleet)
        where = "" if database is None else f"database: {database}\n"
        (folder / "sink.yaml").write_text(f"data: .\n{where}catalogues: [catalogue]\nalike: [channel, store_class]\n")
    else:
        fleet = Fleet(fleet.devices, fleet.captures, fleet.days, datetime.fromisoformat(there["opens"]))
    config = load_config(folder / "sink.yaml")
    engine = open_database(config.database_url)
    try:
        if there is None:
            took = _fill(engine, config, folder, fleet)
            note.write_text(json.dumps({"asked": asked, "opens": fleet.opens.isoformat(), "took": took}))
        else:
            took = there["took"]
        book = stores_of(engine, config.stores)
        yield Filled(folder, fleet, config, engine, book, load_products(config.catalogues), took)
    finally:
        engine.dispose()


def _fill(engine: Database, config: SinkConfig, folder: Path, fleet: Fleet) -> dict[str, Any]:
    """Store and settle everything; say how long it took."""
    upgrade(engine)
    report = import_file(
        engine,
        stores_of(engine, config.stores),
        load_products(config.catalogues),
        tenant=TENANT,
        kind="stores",
        name="stores.csv",
        data=(folder / "stores.csv").read_bytes(),
        by="bench",
        now=datetime.now(UTC),
    )
    assert not report.faults, report.faults
    book = stores_of(engine, config.stores)
    began, events, taking = time.perf_counter(), 0, 0.0
    for day, batch in _batches(fleet):
        facts = [_fact(said) for said in batch]
        before = time.perf_counter()
        with writing(engine) as connection:
            partitions.make_ahead(connection, fleet.opens.date() + timedelta(days=day))
            take(connection, facts, [], stores=book, received=_evening(fleet, day))
        taking += time.perf_counter() - before
        events += len(facts)
        say(f"{events} events stored")
    stored = time.perf_counter()
    settled = settle_all(engine, book)
    took = {
        "events": events,
        "fill_seconds": stored - began,
        "store_us_an_event": 1e6 * taking / events,
        "settled_days": settled,
        "settle_ms_a_day": 1000 * (time.perf_counter() - stored) / settled,
    }
    _tend(engine)
    return took


def _batches(fleet: Fleet) -> Iterator[tuple[int, list[Said]]]:
    """Day by day as they came, made by a process of their own."""
    jobs = [
        (fleet, range(first, min(first + STORES_A_BATCH, fleet.devices)), day)
        for day in range(fleet.days)
        for first in range(0, fleet.devices, STORES_A_BATCH)
    ]
    with multiprocessing.get_context("spawn").Pool(1) as makers:
        under_way = deque[Any]()
        for number, (_, _, day) in enumerate(jobs):
            while len(under_way) < _AHEAD and number + len(under_way) < len(jobs):
                under_way.append(makers.apply_async(_made, jobs[number + len(under_way)]))
            yield day, under_way.popleft().get()


def _made(fleet: Fleet, devices: range, day: int) -> list[Said]:
    return [said for device in devices for said in said_on(fleet, device, day)]


def _fact(said: Said) -> Fact:
    event = read_event(said.body, said.address)
    assert not isinstance(event, Refused), event
    return fact_of(said.address, event, said.body)


def _evening(fleet: Fleet, day: int) -> datetime:
    return fleet.opens + timedelta(days=day, hours=OPEN_HOURS + 1)


def _tend(engine: Database) -> None:
    """What PostgreSQL's autovacuum has done of a store that grew over a month."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE"))


def say(line: str) -> None:
    """How far it is, where a person watches."""
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{line}")

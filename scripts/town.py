"""A collector full of simulated stores (`models.scenes.town`), to look at its pages. See `./scripts/town`."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
import yaml

from cloud_sink.evidence.opening import open_room
from cloud_sink.fleet.imports import KINDS, import_file
from cloud_sink.fleet.products import ProductBook, load_products
from cloud_sink.fleet.settings import load_config
from cloud_sink.fleet.stores import StoreBook
from cloud_sink.profile.board import Ways, ask_board, keep_board
from cloud_sink.profile.settle import settle_all
from cloud_sink.store import plans, tasks
from cloud_sink.store.database import open_database, upgrade, writing
from cloud_sink.store.facts import Fact, fact_of
from cloud_sink.store.intake import take
from edge.contract.planogram import read_planogram
from edge.contract.refusal import Refused, read_event
from models.scenes.town.shelf import CATALOGUE, DEMO, owner
from models.scenes.town.shops import SHOPS, TENANT
from models.scenes.town.trade import files
from models.scenes.town.words import photographs_of, sent_by

if TYPE_CHECKING:
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.store.database import Database
    from models.scenes.town.words import Sent

_AT_ONCE, _FILLED = 500, "filled"
_TAGS = {"busy-and-often-empty": "footfall > p75 and osa < 0.97", "foreign-products": "purity < 0.95"}


def main(
    *,
    days: int = typer.Option(14, min=1, max=400, help="How many business days, the last of them yesterday."),
    stores: int = typer.Option(len(SHOPS), min=0, max=len(SHOPS), help="How many stores."),
    http_port: int = typer.Option(8080, min=0, max=65535, help="The port of the pages; 0 takes a free one."),
    users: bool = typer.Option(False, "--users", help="With users: the one-time link of the first admin is printed."),
    folder: Path | None = typer.Option(None, help="Where it is kept; a new folder under the temporary ones without."),
    ready_file: Path | None = typer.Option(None, help="Written once it answers."),
) -> None:
    """Fill a collector with simulated stores and serve it until Ctrl-C.

    Example: ./scripts/town --days 28
    """
    place = folder or Path(tempfile.mkdtemp(prefix="facings-town-"))
    place.mkdir(parents=True, exist_ok=True)
    file = place / "sink.yaml"
    file.write_text(yaml.safe_dump(_settings(stores, http_port, users=users), allow_unicode=True), encoding="utf-8")
    config = load_config(file)
    if not (place / _FILLED).is_file():
        shutil.rmtree(config.data, ignore_errors=True)  # what a run began that was stopped
        print(f"town: {stores} stores, {days} days, simulated 模拟; kept in {place}", file=sys.stderr)  # noqa: T201
        _fill(config, stores, days, datetime.now(UTC).date() - timedelta(days=1))
        (place / _FILLED).touch()
    command = [sys.executable, "-m", "cloud_sink.cli", "serve", "--config", str(file)]
    command += ["--ready-file", str(ready_file)] if ready_file else []
    os.execv(command[0], command)  # noqa: S606 - our own command


def _settings(stores: int, http_port: int, *, users: bool) -> dict[str, Any]:
    return {
        "data": "data",
        "http": {"port": http_port, "access": "users" if users else "loopback"},
        "catalogues": [str(CATALOGUE)],
        "alike": ["channel"],
        "grade": {"a": 95, "b": 88, "c": 80},  # its stores are good ones: by the defaults nearly all were an A
        "tags": _TAGS,
        "stores": [shop.section(owner()) for shop in SHOPS[:stores]],
    }


def _fill(config: SinkConfig, stores: int, days: int, until: date) -> None:
    config.data.mkdir(parents=True, exist_ok=True)
    engine = open_database(config.database_url)
    upgrade(engine)
    book, now = StoreBook(config.stores), datetime.now(UTC)
    for shop in SHOPS[:stores]:
        facts = [_fact(sent) for sent in sent_by(shop, until, days)]
        for start in range(0, len(facts), _AT_ONCE):
            with writing(engine) as connection:
                take(connection, facts[start : start + _AT_ONCE], [], stores=book, received=now)
        room = open_room(engine, config)
        for sha256, content in photographs_of(shop, until).items():
            room.take(shop.address, sha256, content, now)
    products = load_products(config.catalogues)
    told = files(SHOPS[:stores], until)
    for kind in (one for one in KINDS if one in told):
        report = import_file(
            engine,
            book,
            products,
            tenant=TENANT,
            kind=kind,
            name=f"{kind}.csv",
            data=told[kind],
            by="town",
            now=now,
        )
        assert not report.faults, report.faults
    settle_all(engine, book)
    _plan(engine, stores, until - timedelta(days=days - 1), now)
    ways = Ways(book, ProductBook(products), config.grade)
    keep_board(engine, ways, now, limit=len(SHOPS))
    _give_tasks(engine, ways, now)
    engine.dispose()


def _plan(engine: Database, stores: int, since: date, now: datetime) -> None:
    """Upload the one planogram of the town, and assign it to every fixture."""
    plan = read_planogram(DEMO / "planogram.csv")
    with writing(engine) as connection:
        kept = plans.add_version(connection, TENANT, "cooler", plan, note="as devices know it", at=now, who="town")
        wanted = [
            plans.Assignment(TENANT, shop.id, fixture, since, kept.name, kept.version, now, "town")
            for shop in SHOPS[:stores]
            for fixture in shop.fixtures
        ]
        if wanted:
            plans.assign(connection, wanted)


def _give_tasks(engine: Database, ways: Ways, now: datetime) -> None:
    """Make a task of every seventh thing to do; some are done since."""
    rows = ask_board(engine, ways, TENANT, now).rows[::7]
    with writing(engine) as connection:
        for place, row in enumerate(rows):
            section = ways.stores.find(TENANT, row.store)
            person = (section.representative if section else None) or ""
            new = tasks.NewTask(TENANT, row.store, row.fixture, row.kind, row.sku or "", person, now.date())  # type: ignore[arg-type]  # a kind
            made = tasks.make(connection, new, at=now - timedelta(hours=9), who="user town")
            if place % 2:
                done = tasks.Step("done", now - timedelta(hours=1), f"user {person}", "refilled from the back room")
                tasks.move(connection, TENANT, made.id, done)


def _fact(sent: Sent) -> Fact:
    read = read_event(sent.body, sent.address)
    assert not isinstance(read, Refused), read
    return fact_of(sent.address, read, sent.body)


if __name__ == "__main__":
    typer.run(main)

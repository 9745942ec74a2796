"""How fast profiles and rankings are, beside the same questions put to plain rows of facings. See `./scripts/bench`."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
import tempfile
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from fleet.database import postgresql
from fleet_events import FIXTURE, FOREIGN, TENANT, address, standing
from profile_served import ask_alone, ask_together, events_coming, questions, serving, spread
from profile_store import filled, fleet_until_yesterday, say

from cloud_sink.profile.ask import ask_profile
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.ranking import ask_ranking
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fleet_events import Fleet
    from profile_store import Filled

PLAIN = """
CREATE TABLE facings (store TEXT, day TEXT, at INTEGER, fixture TEXT, place INTEGER, sku TEXT, own INTEGER);
CREATE INDEX by_store ON facings (store, day);
"""
OF_ONE = "SELECT sum(own), count(*) FROM facings WHERE store = ? AND day BETWEEN ? AND ?"
OF_ALL = (
    "SELECT store, sum(own) * 1.0 / count(*) AS purity FROM facings WHERE day BETWEEN ? AND ? GROUP BY store ORDER BY 2"
)
SETTINGS = Path(__file__).resolve().parent.parent / "configs" / "cluster" / "postgresql.conf"
SETTLES = 8
"""Seconds after the last event until its day is settled."""


def main(
    *,
    stores: int = typer.Option(1000, min=1, help="Stores, a device and a fixture each."),
    days: int = typer.Option(30, min=1, max=365, help="Days that they observed, and that are asked for."),
    captures: int = typer.Option(26, min=1, help="Captures of each store and day, of 13 facings on the mean."),
    asked: int = typer.Option(100, min=5, help="Times each question is put."),
    clients: int = typer.Option(4, min=1, help="Of those who ask at once."),
    rate: float = typer.Option(10.0, min=0, help="Events a second that come meanwhile; 0: none do."),
    plain: bool = typer.Option(True, "--plain/--no-plain", help="Put the questions to rows of facings, too."),
    keep: Path | None = typer.Option(None, metavar="FOLDER", help="Keep the filled store there, and use it again."),
    postgres: bool = typer.Option(False, "--postgres", help="PostgreSQL out of a wheel, beside FOLDER."),
    database: str | None = typer.Option(None, help="An empty database that is there."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Fill a store as its collector does, then ask for profiles and rankings, in this process and of `sink serve`.

    Example: ./scripts/bench profile --keep /var/tmp/filled
    """
    fleet = fleet_until_yesterday(stores, captures, days)
    try:
        with (
            _folder(keep) as folder,
            _database(folder, database, own=postgres) as url,
            filled(folder, fleet, url) as on,
        ):
            load = _load()
            report = {**on.took, "until": str(on.until), "database": on.engine.dialect.name, **ask_inside(on, asked)}
            on.engine.dispose()
            report |= ask_served(on, asked, clients=clients, rate=rate)
            if plain:
                report |= ask_plain(folder / "plain.db", on.fleet, asked)
            report |= {"processors": os.cpu_count(), "load": f"{load} to {_load()}"}
    except FacingsError as error:
        typer.echo(f"error: {error}", err=True)
        raise typer.Exit(1) from None
    sys.stdout.write((json.dumps(report) if as_json else in_words(report)) + "\n")


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


@contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.resolve()
        return
    with tempfile.TemporaryDirectory(prefix="facings-bench-", ignore_cleanup_errors=True) as scratch:
        yield Path(scratch) / "filled"


@contextmanager
def _database(folder: Path, url: str | None, *, own: bool) -> Iterator[str | None]:
    if not own:
        yield url
        return
    beside = folder.with_name(f"{folder.name}-postgres")
    beside.mkdir(parents=True, exist_ok=True)
    with postgresql(beside, SETTINGS, keep=True) as own_url:
        yield own_url


def ask_inside(store: Filled, asked: int) -> dict[str, Any]:
    """The two questions of a morning, without HTTP."""
    yardstick, now = Yardstick.of(store.config), datetime.now(UTC)

    def profile(n: int) -> None:
        found = ask_profile(
            store.engine,
            store.book,
            store.products,
            store=address(n * 37 % store.fleet.devices).store,
            tenant=TENANT,
            since=store.since,
            day=store.until,
            now=now,
        )
        assert found.fixtures[0].captures == store.fleet.days * store.fleet.captures

    def ranking(_: int) -> None:
        found = ask_ranking(
            store.engine,
            store.book,
            yardstick,
            tenant=TENANT,
            since=store.since,
            until=store.until,
            now=now,
            by="osa",
            limit=100,
        )
        assert found.total == store.fleet.devices

    return {"profile_ms": timed(profile, asked), "ranking_ms": timed(ranking, asked)}


def ask_served(store: Filled, asked: int, *, clients: int, rate: float) -> dict[str, Any]:
    """The same and more of a running service, and what memory it takes."""
    with serving(store.folder) as served:
        report: dict[str, Any] = {"served_ms": ask_alone(served, questions(store, today=False), asked)}
        report["together_ms"] = ask_together(served, questions(store, today=False), clients=clients, times=asked)
        if rate:
            with events_coming(served, store.fleet.devices, rate) as sent:
                time.sleep(SETTLES)
                before, first, began = served.cpu_seconds, sent(), time.monotonic()
                time.sleep(SETTLES)
                after, last, seconds = served.cpu_seconds, sent(), time.monotonic() - began
                report["coming_a_second"] = (last - first) / seconds
                report["coming_cpu"] = (after - before) / seconds
                report["coming_ms"] = ask_alone(served, questions(store, today=True), asked)
        report["memory_mb"] = {name: peak / 2**20 for name, peak in served.peak.items()}
    return report


def ask_plain(path: Path, fleet: Fleet, asked: int) -> dict[str, Any]:
    """One KPI each, from a row for each facing."""
    first = fleet.opens.date()
    last = first + timedelta(days=fleet.days - 1)
    is_there = path.exists()
    with closing(sqlite3.connect(path)) as connection:
        if not is_there:
            connection.executescript(PLAIN)
            for day in range(fleet.days):
                connection.executemany("INSERT INTO facings VALUES (?, ?, ?, ?, ?, ?, ?)", rows_of(fleet, day))
                say(f"{day + 1} days of rows stored")
            connection.commit()
        (count,) = connection.execute("SELECT count(*) FROM facings").fetchone()

        def one(n: int) -> None:
            connection.execute(OF_ONE, (address(n * 37 % fleet.devices).store, str(first), str(last))).fetchall()

        def all_of_them(_: int) -> None:
            assert len(connection.execute(OF_ALL, (str(first), str(last))).fetchall()) == fleet.devices

        return {"facings": count, "plain_one_ms": timed(one, asked), "plain_all_ms": timed(all_of_them, 5)}


def rows_of(fleet: Fleet, day: int) -> Iterator[tuple[Any, ...]]:
    """The facings of a day, a row each."""
    on = str(fleet.opens.date() + timedelta(days=day))
    for device in range(fleet.devices):
        for number in range(day * fleet.captures, (day + 1) * fleet.captures):
            for place, sku in enumerate(standing(device, number)):
                if sku is not None:
                    yield address(device).store, on, number, FIXTURE, place, sku, int(sku not in FOREIGN)


def timed(question: Callable[[int], None], times: int) -> dict[str, float]:
    """Milliseconds of the middle one and of the 95th of a hundred."""
    question(0)
    took = []
    for n in range(1, times + 1):
        began = time.perf_counter()
        question(n)
        took.append(1000 * (time.perf_counter() - began))
    return spread(took)


def in_words(report: dict[str, Any]) -> str:
    """What a person reads."""
    memory = ", ".join(f"{name} {mb:.0f} MB" for name, mb in report["memory_mb"].items())
    lines = [
        f"{report['database']}, {report['processors']} processors for all, load {report['load']}",
        f"{report['events']} events in {report['fill_seconds']:.0f} s, each {report['store_us_an_event']:.0f} us",
        f"{report['settled_days']} days until {report['until']} settled, {report['settle_ms_a_day']:.1f} ms each",
        f"sink serve at most: {memory}",
    ]
    for name, plain in (("profile", "plain_one_ms"), ("ranking", "plain_all_ms")):
        took = report["served_ms"][name]
        line = f"{name}: inside {_in_ms(report[f'{name}_ms'])}; over HTTP {_in_ms(took)}"
        if plain in report:
            ratio = took["p95"] / report[plain]["p95"]
            line += f"; one KPI from {report['facings']} rows {_in_ms(report[plain])}, ratio {ratio:.3f}"
        lines.append(line)
    lines.append("over HTTP: " + _list(report["served_ms"]))
    together = dict(report["together_ms"])
    lines.append(f"mixed, {together.pop('requests_a_second'):.0f} a second: {_list(together)}")
    if "coming_ms" in report:
        lines.append(
            f"while {report['coming_a_second']:.0f} events a second come ({report['coming_cpu']:.2f} of a core): "
            + _list(report["coming_ms"])
        )
    return "\n".join(lines)


def _list(took: dict[str, dict[str, float]]) -> str:
    return "; ".join(f"{name} {_in_ms(one)}" for name, one in took.items())


def _in_ms(took: dict[str, float]) -> str:
    cpu = f" (CPU {took['cpu']:.1f})" if "cpu" in took else ""
    return f"{took['median']:.1f} ms, p95 {took['p95']:.1f}{cpu}"


if __name__ == "__main__":
    typer.run(main)

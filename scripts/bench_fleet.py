"""A fleet over a real broker: absent devices, killed collectors, doubles, holes; every profile against the truth.

See `./scripts/bench fleet`. Each device has a connection, a client id, an epoch, sequence numbers, a window and repeats
of its own, and keeps what has no receipt: all of it is the device's own code, but for the disk and the socket. There
are no last wills, no TLS and no evidence.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import tempfile
import time
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from fleet import database as db
from fleet.book import Book
from fleet.check import wrong_events, wrong_profiles
from fleet.crowd import Crowd
from fleet.day import Day, yesterday_opens
from fleet.play import Play
from fleet.report import Run, in_words, report_of
from fleet.site import ROOT, Broker, collectors

from edge.deliver.schedule import Timing

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fleet.play import Played

SETTINGS = ROOT / "configs" / "cluster" / "postgresql.conf"
_FILES_BESIDE = 300
"""File descriptors that are no device's."""


def main(
    *,
    devices: int = typer.Option(10_000, min=2, max=100_000, help="Devices, one a store, half of them each tenant's."),
    minutes: float = typer.Option(5.0, min=0.1, help="In which a business day is told."),
    captures: int = typer.Option(12, min=8, max=56, help="Looks at the shelf a device; some 3.5 times as many events."),
    offline: float = typer.Option(0.1, min=0, max=0.9, help="Share of the devices that are away for half of the run."),
    count: int = typer.Option(2, "--collectors", min=1, max=16, help="That share the events."),
    database: str = typer.Option(
        "", help="A PostgreSQL URL whose tables are dropped, or `postgresql` for one out of a wheel; without it SQLite."
    ),
    patience: float = typer.Option(30.0, min=1, help="Minutes after the day that all may take to come to rest."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Play a fleet's day over a real mosquitto and compare every store profile with the truth; exit 1 if one differs.

    Example: ./scripts/bench fleet --devices 1000 --minutes 2 --database postgresql
    """
    if 50_400 % captures:  # seconds of opening hours
        raise typer.BadParameter("captures must divide 50,400 seconds of opening hours: 8, 12, 14, 16, 18, 20, 24, …")
    _allow_files(devices + _FILES_BESIDE)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="facings-fleet-")))
        if database == "postgresql":
            database = stack.enter_context(db.postgresql(folder, SETTINGS))
        opens = yesterday_opens(datetime.now(UTC))
        days = [Day(device, opens, captures) for device in range(devices)]
        book = stack.enter_context(Book(folder / "events"))
        book.write(days, _teller("devices' days written down", devices))
        url = database or f"sqlite:///{folder / 'sink.db'}"
        report = _play(
            days, book, folder, url, seconds=60 * minutes, offline=offline, count=count, patience=60 * patience
        )
    sys.stdout.write((json.dumps(report) if as_json else in_words(report)) + "\n")
    raise typer.Exit(int(report["wrong"] > 0))


def _play(
    days: Sequence[Day],
    book: Book,
    folder: Path,
    url: str,
    *,
    seconds: float,
    offline: float,
    count: int,
    patience: float,
) -> dict[str, Any]:
    engine = db.prepared(url)
    db.tell_stores(engine, days)
    server = db.Server(engine)
    at_first, load = server.cpu_seconds, _load()
    grace = min(90.0, max(2.0, seconds / 4))
    first = min(60.0, max(1.0, seconds / 3))
    with (
        Broker(folder) as broker,
        collectors(folder, count=count, database=url, port=broker.port, grace=grace) as sinks,
    ):
        crowd = Crowd(
            days, book, port=broker.port, seconds=seconds, timing=Timing(first=first, longest=15 * first, live=first)
        )
        own = time.process_time()
        played = Play(
            crowd,
            broker=broker,
            collectors=sinks,
            engine=engine,
            seconds=seconds,
            offline=offline,
            patience=patience,
            say=_say,
        ).run()
        own = time.process_time() - own
        for sink in sinks:
            sink.stop()
        crowd.close()
        run = Run(crowd, book, broker, sinks, engine, server.cpu_seconds - at_first, own, f"{load} to {_load()}")
        wrong = [*_at_rest(played), *wrong_events(engine, days, book)]
        profiles = list(wrong_profiles(url, days, _teller("profiles compared", len(days))))
        report = report_of(run, played, [*wrong, *profiles], len({line.split(": ")[0] for line in profiles}))
    engine.dispose()
    return report


def _at_rest(played: Played) -> list[str]:
    """What did not come to an end."""
    lines = [f"{played.missing} events have no receipt"] if played.missing else []
    return lines + ([f"{played.unsettled} days are not settled"] if played.unsettled else [])


def _allow_files(wanted: int) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and wanted > hard:
        raise typer.BadParameter(
            f"so many devices need {wanted} open files, {hard} are allowed (ulimit -Hn); take fewer --devices"
        )
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


def _teller(what: str, total: int) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if done % 500 == 0 or done == total:
            _say(f"{done} of {total} {what}")

    return tell


_told_at = 0.0


def _say(line: str) -> None:
    """How far it is: on one line where a person watches, a line every ten seconds elsewhere."""
    global _told_at  # noqa: PLW0603 - of this process's standard error there is one
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\033[K{line}")
    elif time.monotonic() - _told_at >= 10:  # noqa: PLR2004 - seconds
        _told_at = time.monotonic()
        sys.stderr.write(f"bench: {line}\n")
    sys.stderr.flush()


if __name__ == "__main__":
    typer.run(main)

"""What a run measured: as one object, and as a table for people."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fleet import database as db

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cloud_sink.store.database import Database
    from fleet.book import Book
    from fleet.crowd import Crowd
    from fleet.play import Played
    from fleet.site import Broker, Child

_SHOWN = 30
"""Differences that are printed; the rest are counted."""

_MB = 1e6


@dataclass(frozen=True, slots=True)
class Run:
    """All that took part."""

    crowd: Crowd
    book: Book
    broker: Broker
    collectors: Sequence[Child]
    engine: Database
    server_seconds: float  # of CPU, of a PostgreSQL on this machine
    own_seconds: float  # of the simulated devices
    load: str  # of the machine, before and at the end


def report_of(run: Run, played: Played, wrong: Sequence[str], profiles_wrong: int) -> dict[str, Any]:
    """All figures of a run."""
    tally, events = run.crowd.tally, run.crowd.expected
    tables = db.sizes(run.engine)
    catch_ups = [
        {"what": one.what, "events": one.events, "seconds": None if one.seconds is None else round(one.seconds, 1)}
        for one in played.caught_up
    ]

    def each(seconds: float) -> float:
        return round(1e6 * seconds / events, 1)

    return {
        "processors": os.cpu_count(),
        "load": run.load,
        "database": run.engine.dialect.name,
        "devices": len(run.crowd.lines),
        "events": events,
        "events_a_device": round(events / len(run.crowd.lines), 1),
        "octets_an_event": round(run.book.octets / len(run.book)),
        "seconds": round(played.seconds, 1),
        "stored_a_second": round(events / played.seconds) if played.seconds > 0 else 0,
        "busiest_a_second": round(played.busiest),
        "receipt_seconds": {"median": round(tally.delay(50), 3), "p95": round(tally.delay(95), 3)},
        "caught_up": catch_ups,
        "settled_after_seconds": round(played.settled_after, 1),
        "cpu_us_an_event": {
            "collectors": each(sum(child.working_seconds for child in run.collectors)),
            "database": each(run.server_seconds),
            "broker": each(run.broker.child.cpu_seconds),
            "devices": each(run.own_seconds),
        },
        "collector_start_seconds": round(run.collectors[0].start_seconds, 1),
        "peak_mb": {
            "collectors": [round(child.peak / _MB) for child in run.collectors],
            "broker": round(run.broker.child.peak / _MB),
        },
        "database_octets": sum(tables.values()),
        "database_octets_an_event": round(sum(tables.values()) / events),
        "table_octets_an_event": {name: round(size / events, 1) for name, size in tables.items() if size / events > 1},
        "network_octets_an_event": {
            "from_devices": round(tally.octets_out / events),
            "to_devices": round(tally.octets_in / events),
        },
        "messages": tally.messages,
        "doubled": tally.doubled,
        "receipts": tally.receipts,
        "connections": tally.connected,
        "forgotten": run.crowd.forgotten,
        "sent_again_on_demand": sum(line.unit.resent for line in run.crowd.lines),
        "lives": {"collectors": [child.lives for child in run.collectors], "broker": run.broker.child.lives},
        "profiles_wrong": profiles_wrong,
        "wrong": len(wrong),
        "differences": list(wrong[:_SHOWN]),
    }


def in_words(report: dict[str, Any]) -> str:
    """The same as a table."""
    rows = list(_rows(report))
    width = max(len(name) for name, _ in rows)
    lines = [f"{name:{width}}  {value}" for name, value in rows]
    lines += [f"  {one}" for one in report["differences"]]
    hidden = report["wrong"] - len(report["differences"])
    return "\n".join([*lines, *([f"  and {hidden} more"] if hidden else [])])


def _rows(report: dict[str, Any]) -> Iterator[tuple[str, str]]:
    cpu, memory, network = report["cpu_us_an_event"], report["peak_mb"], report["network_octets_an_event"]
    lives, delay = report["lives"], report["receipt_seconds"]
    yield "devices", f"{report['devices']}, {report['connections']} connections"
    yield "events", f"{report['events']}, of {report['octets_an_event']} bytes on the mean"
    again = f"{report['forgotten']} events forgotten, {report['sent_again_on_demand']} sent again on demand"
    died = f"lives: collectors {lives['collectors']}, broker {lives['broker']}"
    yield "mischief", f"{report['doubled']} messages doubled; {again}; {died}"
    yield "database", f"{report['database']}, {report['processors']} processors for all, load {report['load']}"
    busiest = f"{report['busiest_a_second']} events/s in the busiest ten seconds"
    yield "stored", f"{report['stored_a_second']} events/s over {report['seconds']} s; {busiest}"
    yield "receipt of a live event", f"median {delay['median']} s, p95 {delay['p95']} s"
    for one in report["caught_up"]:
        took = "never" if one["seconds"] is None else f"{one['seconds']} s"
        yield f"after {one['what']}", f"{one['events']} events waited, caught up in {took}"
    yield "every day settled", f"{report['settled_after_seconds']} s after the last receipt"
    start = f"a collector's start apart: {report['collector_start_seconds']} s"
    yield "CPU an event", ", ".join(f"{who} {us} us" for who, us in cpu.items()) + f" ({start})"
    yield "memory at most", f"collectors {memory['collectors']} MB, broker {memory['broker']} MB"
    largest = ", ".join(f"{name} {size:g}" for name, size in list(report["table_octets_an_event"].items())[:8])
    yield "database an event", f"{report['database_octets_an_event']} bytes: {largest}"
    yield "network an event", f"{network['from_devices']} bytes from devices, {network['to_devices']} to them"
    equal = report["devices"] - report["profiles_wrong"]
    yield "verdict", f"{equal} of {report['devices']} profiles equal the truth; {report['wrong']} differences in all"

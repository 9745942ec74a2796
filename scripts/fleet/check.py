"""After a run: every event stored once with its bytes, no hole, nothing refused, every profile equal to the truth."""

from __future__ import annotations

import hashlib
import os
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from fleet_events import ZONE
from sqlalchemy import func, select

from cloud_sink.fleet.master import stores_of
from cloud_sink.profile.ask import ask_profile
from cloud_sink.store import ledger
from cloud_sink.store.database import open_database, reading
from cloud_sink.store.tables import events, quarantine
from edge.contract import ranges
from edge.contract.errors import StoreError
from fleet.book import LOST
from fleet.truth import PRODUCTS, differences, profile_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from cloud_sink.store.database import Database
    from fleet.book import Book
    from fleet.day import Day

_AT_ONCE = 100
"""Profiles that a process asks for before it says how far it is."""


def wrong_events(engine: Database, days: Sequence[Day], book: Book) -> Iterator[str]:
    """A line for every event that is lost, doubled, changed or refused, and for every hole that is left."""
    chapters = {day.address.source: chapter for day, chapter in zip(days, book.chapters, strict=True)}
    times = bytearray(len(book))
    columns = [events.c[name] for name in ("tenant", "store", "device", "seq", "sha256")]
    with reading(engine) as connection:
        for tenant, store, device, seq, sha256 in connection.execute(select(*columns)):
            source = f"/{tenant}/{store}/{device}"
            chapter = chapters.get(source)
            if chapter is None or seq > chapter.count:
                yield f"{source}: event {seq} was never told"
                continue
            row = chapter.first + seq - 1
            times[row] += 1
            if hashlib.sha256(book.body(row)).digest() != sha256:
                yield f"{source}: event {seq} is stored with other bytes"
        for (tenant, device, _), holes in ledger.holes(connection).items():
            yield f"{tenant} {device}: the ledger misses {ranges.size(holes)} numbers: {holes[:5]}"
        refused = select(quarantine.c.reason, func.count()).group_by(quarantine.c.reason)
        for reason, count in connection.execute(refused):
            yield f"quarantine: {count} as {reason}"
    for source, chapter in chapters.items():
        for seq in range(1, chapter.count + 1):
            row = chapter.first + seq - 1
            if times[row] != (not book.flags[row] & LOST):
                yield f"{source}: event {seq} is stored {times[row]} times"


def wrong_profiles(url: str, days: Sequence[Day], say: Callable[[int], None]) -> Iterator[str]:
    """A line for every figure of a profile that is not what it has to be; `say` is told how many stores were asked."""
    parts = [days[start : start + _AT_ONCE] for start in range(0, len(days), _AT_ONCE)]
    done = 0
    with ProcessPoolExecutor(min(len(parts), os.cpu_count() or 1), mp_context=get_context("spawn")) as pool:
        for part, lines in zip(parts, pool.map(partial(differences_of, url), parts), strict=True):
            yield from lines
            done += len(part)
            say(done)


def differences_of(url: str, days: Sequence[Day]) -> list[str]:
    """A line for every figure of some stores that is not what it has to be."""
    engine = open_database(url)
    stores, now = stores_of(engine, ()), datetime.now(UTC)
    lines = []
    for day in days:
        where, on = day.address, day.opens.astimezone(ZoneInfo(ZONE)).date()
        try:
            found = ask_profile(engine, stores, PRODUCTS, store=where.store, tenant=where.tenant, day=on, now=now)
        except StoreError as error:
            lines.append(f"{where.source}: {error}")
            continue
        wrong = differences(profile_of(day), found.model_dump(mode="json"))
        lines += [f"{where.source}: {line}" for line in wrong]
    engine.dispose()
    return lines

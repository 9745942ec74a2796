"""What a report is about: a week of a store, or of a chain, out of the database."""

from __future__ import annotations

import io
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import imagesize

from cloud_sink.photo_audit.accuracy import measure
from cloud_sink.photo_audit.sample import monday_of
from cloud_sink.profile.ask import UnknownStore, ask_profile
from cloud_sink.profile.measure import Yardstick
from cloud_sink.profile.overview import ask_overview
from cloud_sink.profile.ranking import ask_ranking, ask_standing
from cloud_sink.store import photo_audits, recent, settled
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_day
from cloud_sink.store.place import read_looks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from cloud_sink.evidence.room import EvidenceRoom
    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.photo_audit.accuracy import Rate
    from cloud_sink.profile.model import StoreProfile
    from cloud_sink.profile.overview import Overview
    from cloud_sink.profile.ranking_model import RankedStore, Standing
    from cloud_sink.store.database import Database, Transaction

WEEKS = 4
"""Weeks whose days are drawn, the report's the last."""

MOST_STORES = 60
"""Stores of a chain that are listed."""

MOST_PICTURES = 12
"""Photographs of a report: more make it too large to be sent."""

_WORST = 3
"""Stores of a chain of which a photograph is shown: those with the lowest score."""

_AUDITED = timedelta(weeks=12)


@dataclass(frozen=True, slots=True)
class Sources:
    """Where a report comes from. Without a room it has no photographs: whoever asks may not see them."""

    engine: Database
    stores: StoreBook
    products: ProductBook
    config: SinkConfig
    room: EvidenceRoom | None


@dataclass(frozen=True, slots=True)
class Photograph:
    """A photograph of a fixture, and its size in pixels."""

    store: str
    fixture: str
    day: date
    sha256: str
    content: bytes
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class StoreWeek:
    """A store's week."""

    monday: date
    until: date  # its Sunday, or the last day with data of a week that is not over
    profile: StoreProfile
    standing: Standing | None
    days: Mapping[date, Mapping[str, int]]  # counts of the last weeks
    photographs: tuple[Photograph, ...]
    accuracy: Rate
    now: datetime


@dataclass(frozen=True, slots=True)
class ChainWeek:
    """A chain's week; `chain` is '' for all stores of the tenant."""

    monday: date
    until: date  # as above
    chain: str
    overview: Overview
    before: Overview  # the weeks before, for the drawings
    stores: tuple[RankedStore, ...]
    photographs: tuple[Photograph, ...]
    accuracy: Rate
    simulated: bool
    now: datetime


def store_week(sources: Sources, *, tenant: str, store: str, monday: date, now: datetime) -> StoreWeek:
    """A store's week.

    Raises:
        UnknownStore: there is no such store.
    """
    yardstick = Yardstick.of(sources.config)
    with reading(sources.engine) as connection:
        until = _until(latest_day(connection, tenant, store), monday)
    profile = ask_profile(
        sources.engine,
        sources.stores,
        sources.products.of(tenant),
        store=store,
        tenant=tenant,
        day=until,
        since=monday,
        now=now,
        grading=sources.config.grade,
    )
    standing = ask_standing(
        sources.engine, sources.stores, yardstick, tenant=tenant, store=store, since=monday, until=until, now=now
    )
    with reading(sources.engine) as connection:
        days = settled.store_days(connection, tenant, store, _first(monday), until)
        spots = [(store, one.fixture) for one in profile.fixtures]
        photographs = _photographs(connection, sources.room, tenant, spots, (monday, until))
        accuracy = _accuracy(connection, tenant, until)
    return StoreWeek(monday, until, profile, standing, days, photographs, accuracy, now)


def chain_week(sources: Sources, *, tenant: str, chain: str, monday: date, now: datetime) -> ChainWeek:
    """A chain's week, or that of all stores.

    Raises:
        UnknownStore: no store is of that chain.
    """
    if chain and not any(one.tenant == tenant and one.chain == chain for one in sources.stores.described):
        raise UnknownStore(f"no store of the chain {chain}", "name one as the stores' master data do")
    yardstick = Yardstick.of(sources.config)
    with reading(sources.engine) as connection:
        until = _until(recent.latest_day(connection, tenant), monday)
    where = {"chain": chain} if chain else None
    overview, before = (
        ask_overview(
            sources.engine, sources.stores, yardstick, tenant=tenant, since=since, until=until, now=now, where=where
        )
        for since in (monday, _first(monday))
    )
    ranking = ask_ranking(
        sources.engine,
        sources.stores,
        yardstick,
        tenant=tenant,
        since=monday,
        until=until,
        now=now,
        by="score",
        where=where,
        limit=MOST_STORES,
    )
    spots = [
        (one.store, fixture) for one in ranking.stores[:_WORST] for fixture in _fixtures(sources, tenant, one.store)
    ]
    with reading(sources.engine) as connection:
        photographs = _photographs(connection, sources.room, tenant, spots, (monday, until))
        accuracy = _accuracy(connection, tenant, until)
        simulated = recent.any_simulated(connection, tenant, until)
    return ChainWeek(
        monday, until, chain, overview, before, tuple(ranking.stores), photographs, accuracy, simulated, now
    )


def last_monday(engine: Database, tenant: str, now: datetime) -> date:
    """The first day of the last week with data."""
    with reading(engine) as connection:
        return monday_of(recent.latest_day(connection, tenant) or now.date())


def _until(latest: date | None, monday: date) -> date:
    """The last day of the week with data: what has not come is not asked for."""
    sunday = monday + timedelta(days=6)
    return min(latest, sunday) if latest is not None and latest >= monday else sunday


def _first(monday: date) -> date:
    return monday - timedelta(weeks=WEEKS - 1)


def _fixtures(sources: Sources, tenant: str, store: str) -> list[str]:
    """The first fixture of a store."""
    section = sources.stores.find(tenant, store)
    return [one.id for one in section.fixtures[:1]] if section else []


def _accuracy(connection: Transaction, tenant: str, until: date) -> Rate:
    return measure(photo_audits.judged(connection, tenant, until - _AUDITED, until)).sku


def _photographs(
    connection: Transaction,
    room: EvidenceRoom | None,
    tenant: str,
    spots: Iterable[tuple[str, str]],
    days: tuple[date, date],
) -> tuple[Photograph, ...]:
    """The last photograph of the week of each fixture, as far as one is kept."""
    found: list[Photograph] = []
    for store, fixture in spots:
        if room is None or len(found) == MOST_PICTURES:
            break
        one = _last_photograph(connection, room, tenant, (store, fixture), days)
        found += [one] if one is not None else []
    return tuple(found)


def _last_photograph(
    connection: Transaction, room: EvidenceRoom, tenant: str, spot: tuple[str, str], days: tuple[date, date]
) -> Photograph | None:
    day = days[1]
    while day >= days[0]:
        for look in read_looks(connection, tenant, spot[0], day, [spot[1]]):
            content = room.show(tenant, look.evidence) if look.evidence else None
            if look.evidence and content:
                return Photograph(*spot, day, look.evidence, content, imagesize.get(io.BytesIO(content)))
        day -= timedelta(days=1)
    return None

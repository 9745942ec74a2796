"""Answering for a store: find it, find its day, read its rows, build its profile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from cloud_sink.fleet.settings import GradeSection
from cloud_sink.profile.build import Question, build_profile
from cloud_sink.profile.model import Contract
from cloud_sink.profile.settle import unsettled
from cloud_sink.store import master, stale
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_day, stores_seen, tenants_with, zone_of
from cloud_sink.store.period import read_period
from cloud_sink.store.settled import COURSE
from edge.contract.business_day import business_day
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.course import Settled
    from cloud_sink.profile.model import StoreProfile
    from cloud_sink.store.database import Database, Transaction
    from cloud_sink.store.period import StorePeriod
    from edge.contract.catalogue import Sku

LONGEST = 400
"""Days of the longest period: a year and what a month more may need."""


class WrongPeriod(StoreError):  # noqa: N818 - it is what the user named
    """A period that is none."""


class UnknownStore(StoreError):  # noqa: N818 - it is what the user named
    """No store of that name, or more than one."""


def known_stores(connection: Transaction, stores: StoreBook, tenant: str | None = None) -> list[tuple[str, str]]:
    """Tenant and store of all that are described or ever reported, of one tenant or of all."""
    described = {(one.tenant, one.id) for one in stores.described if tenant in {None, one.tenant}}
    return sorted(described | set(stores_seen(connection, tenant)))


def ask_profile(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    store: str,
    tenant: str | None = None,
    day: date | None = None,
    since: date | None = None,
    now: datetime,
    grading: GradeSection | None = None,
) -> StoreProfile:
    """The profile of a store's business day, or of several.

    Args:
        engine: the database; nothing is written.
        stores: master data.
        products: the catalogues' SKUs.
        store: its id.
        tenant: whose it is, where several have a store of that id.
        day: the business day, or the last of them; without one the last of which anything is stored.
        since: the first of several business days.
        now: aware.
        grading: weights and bounds; without them the defaults.

    Raises:
        UnknownStore: nobody described that store and no device reported from it, or several tenants have it.
        WrongPeriod: it ends before it begins, or is too long.
        OverflowError: a day outside the calendar.
    """
    with reading(engine) as connection:
        owner = owner_of(connection, stores, store, tenant)
        clockwork = stores.clockwork(owner, store, zone_of(connection, owner, store) or "UTC")
        last = day or latest_day(connection, owner, store) or business_day(now, clockwork)
        days = days_between(since or last, last)
        stale_days = stale.of_store(connection, owner, store, days[0], days[-1])
        waiting = unsettled(connection, stores, owner, [(store, one) for one in stale_days])
        rows = read_period(
            connection, owner, store, days=days, clockwork=clockwork, unsettled={one for _, one in waiting}
        )
        contracts = master.contracts_of(connection, owner, store, days[0], days[-1])
    return build_profile(
        _settled(rows, waiting),
        Question(
            tenant=owner,
            store=store,
            days=days,
            clockwork=clockwork,
            section=stores.find(owner, store),
            products=products,
            now=now,
            grading=grading or GradeSection(),
            contracts=tuple(Contract.model_validate(one, from_attributes=True) for one in contracts),
        ),
    )


def days_between(since: date, until: date) -> tuple[date, ...]:
    """The days of a period, both ends included.

    Raises:
        WrongPeriod: it ends before it begins, or is too long.
    """
    if until < since:
        raise WrongPeriod(f"the period ends {until}, before it begins {since}", "give from and to in their order")
    if (until - since).days >= LONGEST:
        raise WrongPeriod(f"{(until - since).days + 1} days are too many", f"ask for at most {LONGEST}")
    return tuple(since + timedelta(days=days) for days in range((until - since).days + 1))


def _settled(rows: StorePeriod, waiting: Mapping[tuple[str, date], Settled]) -> StorePeriod:
    """The rows of a period with the days that were worked out here."""
    courses = {key: dict(counts) for key, counts in rows.courses.items()}
    for one in waiting.values():
        for key, counts in one.courses.items():
            row = courses.setdefault(key, dict.fromkeys(COURSE, 0))
            for name, count in counts.items():
                row[name] += count
    return replace(rows, courses=courses, days={**rows.days, **{day: one.store for (_, day), one in waiting.items()}})


def only_tenant(engine: Database, stores: StoreBook, tenant: str | None) -> str:
    """The tenant that a command means.

    Raises:
        UnknownStore: none was named, and there are several, or none.
    """
    if tenant is not None:
        return tenant
    with reading(engine) as connection:
        known = sorted({one for one, _ in known_stores(connection, stores)})
    if len(known) != 1:
        what = f"there are several tenants: {', '.join(known[:10])}" if known else "there is no tenant yet"
        raise UnknownStore(what, "name one with --tenant")
    return known[0]


def owner_of(connection: Transaction, stores: StoreBook, store: str, tenant: str | None) -> str:
    """The tenant of a store.

    Raises:
        UnknownStore: no such store, or several tenants have it.
    """
    if tenant is not None and stores.find(tenant, store):
        return tenant
    described = {one.tenant for one in stores.described if one.id == store and tenant in {None, one.tenant}}
    owners = sorted(described | tenants_with(connection, store, tenant))
    if not owners:
        known = sorted({one for _, one in known_stores(connection, stores)})
        raise UnknownStore(
            f"no store {store}" + (f" of tenant {tenant}" if tenant else ""),
            f"known: {', '.join(known[:10])}" if known else "no device has reported yet",
        )
    if len(owners) > 1:
        raise UnknownStore(f"several tenants have a store {store}", f"name one: {', '.join(owners[:10])}")
    return owners[0]

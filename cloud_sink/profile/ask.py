"""Answering for a store: find it, find its day, read its rows, build its profile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cloud_sink.profile.build import Question, build_profile
from cloud_sink.store.database import reading
from cloud_sink.store.day import latest_day, read_day, stores_seen, zone_of
from edge.contract.business_day import business_day, day_span
from edge.contract.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.profile.model import StoreProfile
    from cloud_sink.store.database import Database, Transaction
    from edge.contract.catalogue import Sku


class UnknownStore(StoreError):  # noqa: N818 - it is what the user named
    """No store of that name, or more than one."""


def known_stores(connection: Transaction, stores: StoreBook) -> list[tuple[str, str]]:
    """Tenant and store of all that are described or ever reported."""
    described = {(section.tenant, section.id) for section in stores.described}
    return sorted(described | set(stores_seen(connection)))


def ask_profile(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    store: str,
    tenant: str | None = None,
    day: date | None = None,
    now: datetime,
) -> StoreProfile:
    """The profile of a store's business day; without `day` of the last one of which anything is stored.

    Raises:
        UnknownStore: nobody described that store and no device reported from it, or several tenants have it.
    """
    with reading(engine) as connection:
        owner = _tenant(connection, stores, store, tenant)
        clockwork = stores.clockwork(owner, store, zone_of(connection, owner, store) or "UTC")
        wanted = day or latest_day(connection, owner, store) or business_day(now, clockwork)
        rows = read_day(connection, owner, store, wanted, day_span(wanted, clockwork))
    return build_profile(
        rows,
        Question(
            tenant=owner,
            store=store,
            day=wanted,
            clockwork=clockwork,
            section=stores.find(owner, store),
            products=products,
            now=now,
        ),
    )


def _tenant(connection: Transaction, stores: StoreBook, store: str, tenant: str | None) -> str:
    owners = [owner for owner, one in known_stores(connection, stores) if one == store and tenant in {None, owner}]
    if not owners:
        known = sorted({one for _, one in known_stores(connection, stores)})
        raise UnknownStore(
            f"no store {store}" + (f" of tenant {tenant}" if tenant else ""),
            f"known: {', '.join(known[:10])}" if known else "no device has reported yet",
        )
    if len(owners) > 1:
        raise UnknownStore(f"several tenants have a store {store}", f"name one: {', '.join(owners[:10])}")
    return owners[0]

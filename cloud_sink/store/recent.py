"""What the last days of a tenant hold: for pages, which say it of everything they show."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import func, select

from cloud_sink.store.settled_tables import stale_day, store_day

if TYPE_CHECKING:
    from datetime import date

    from sqlalchemy import Connection

_RECENT = timedelta(days=7)


def latest_day(connection: Connection, tenant: str) -> date | None:
    """The last business day of which anything is stored of any store of a tenant."""
    days = [
        connection.execute(select(func.max(table.c.day)).where(table.c.tenant == tenant)).scalar_one()
        for table in (store_day, stale_day)
    ]
    return max((day for day in days if day is not None), default=None)


def any_simulated(connection: Connection, tenant: str, until: date) -> bool:
    """Whether a capture of the week up to a day was rendered."""
    c = store_day.c
    where = (c.tenant == tenant, c.day > until - _RECENT, c.day <= until, c.simulated > 0)
    return connection.execute(select(c.day).where(*where).limit(1)).first() is not None

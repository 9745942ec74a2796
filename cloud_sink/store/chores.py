"""Chores that one of the collectors does once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import or_, select, update

from cloud_sink.store.database import reading, writing
from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import from_ms, to_ms
from cloud_sink.store.tables import chores

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

DAILY = timedelta(hours=24)

_AHEAD = timedelta(hours=1)
"""By how much the clocks of two collectors may differ."""


def claim(engine: Engine, name: str, now: datetime, every: timedelta = DAILY) -> bool:
    """Whether the chore is due and is ours to do: of several collectors only one is told so.

    One that ran in the future ran by a clock that was wrong, and is due.
    """
    with writing(engine) as connection:
        first = insert_or(connection, chores).values(name=name, ran=0).on_conflict_do_nothing(index_elements=["name"])
        connection.execute(first)
        over = or_(chores.c.ran <= to_ms(now - every), chores.c.ran > to_ms(now + _AHEAD))
        due = update(chores).where(chores.c.name == name, over).values(ran=to_ms(now))
        return bool(connection.execute(due).rowcount)


def last(engine: Engine, name: str) -> datetime | None:
    """When a chore was done last; None for never."""
    with reading(engine) as connection:
        ran = connection.execute(select(chores.c.ran).where(chores.c.name == name)).scalar()
    return from_ms(ran) if ran else None

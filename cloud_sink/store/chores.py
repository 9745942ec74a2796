"""Chores that one of the collectors does once a day."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from sqlalchemy import update

from cloud_sink.store.database import writing
from cloud_sink.store.dialect import insert_or
from cloud_sink.store.moments import to_ms
from cloud_sink.store.tables import chores

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

DAILY = timedelta(hours=24)


def claim(engine: Engine, name: str, now: datetime, every: timedelta = DAILY) -> bool:
    """Whether the chore is due and is ours to do: of several collectors only one is told so."""
    with writing(engine) as connection:
        first = insert_or(connection, chores).values(name=name, ran=0).on_conflict_do_nothing(index_elements=["name"])
        connection.execute(first)
        due = update(chores).where(chores.c.name == name, chores.c.ran <= to_ms(now - every)).values(ran=to_ms(now))
        return bool(connection.execute(due).rowcount)

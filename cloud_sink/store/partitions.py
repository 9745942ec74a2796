"""The partitions of the events on PostgreSQL, one a business day: made ahead, dropped whole.

SQLite has none: there every function here does nothing, and old events are deleted.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import exists, select, text

from cloud_sink.store.tables import events

if TYPE_CHECKING:
    from sqlalchemy import Connection

AHEAD = 7
"""Days for which partitions are ready. Events of any other day go into the partition for the rest."""

BEHIND = 2

_NAME = re.compile(r"events_(\d{4})_(\d\d)_(\d\d)")


def make_ahead(connection: Connection, today: date) -> list[date]:
    """Make the partitions of the days around `today`; returns the days that got one.

    A day of which events lie with the rest already keeps them there: it is not worth a lock on the whole table.
    """
    if connection.dialect.name != "postgresql":
        return []
    there = set(made(connection))
    wanted = [today + timedelta(days=days) for days in range(-BEHIND, AHEAD + 1)]
    new = []
    for day in wanted:
        if day in there or connection.execute(select(exists().where(events.c.day == day))).scalar_one():
            continue
        name, until = _name(day), day + timedelta(days=1)
        connection.execute(text(f"CREATE TABLE {name} PARTITION OF events FOR VALUES FROM ('{day}') TO ('{until}')"))
        new.append(day)
    return new


def drop_before(connection: Connection, day: date) -> list[date]:
    """Drop the partitions of the days before `day`, with all that is in them; returns those days."""
    old = [one for one in made(connection) if one < day]
    for one in old:
        connection.execute(text(f"DROP TABLE {_name(one)}"))
    return old


def made(connection: Connection) -> list[date]:
    """The days that have a partition, ascending."""
    if connection.dialect.name != "postgresql":
        return []
    asked = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'events'::regclass"
    names = connection.execute(text(asked))
    found = [_NAME.fullmatch(name) for (name,) in names]
    return sorted(date(*map(int, match.groups())) for match in found if match is not None)


def _name(day: date) -> str:
    return f"events_{day:%Y_%m_%d}"

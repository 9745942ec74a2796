"""What only a whole day tells, settled after its events came: the course of each SKU, and the day of a store.

Nothing here is added up event by event. A batch marks the days that it touched, and what is marked is worked out anew
from the facts (`cloud_sink.profile.settle`), so that the order in which they came cannot matter.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table

from cloud_sink.store.schema import SKU, SLUG, counts, metadata

stale_day = Table(
    "stale_day",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("marks", BigInteger, nullable=False, server_default="0"),
)
"""Days of which facts came since they were settled. A mark is taken away in the transaction that settles its day."""

sku_course = Table(
    "sku_course",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("fixture", SLUG, primary_key=True),
    Column("sku", SKU, primary_key=True),
    *counts(
        "observed_ms",  # planned and watched, in opening hours
        "out_ms",  # of these, out of stock
        "taken",  # falls in facings: visible depletion
        "added",  # rises that were no refill
        "refilled",  # rises in refills
        "removed",  # falls in refills
    ),
    sqlite_with_rowid=False,
)
"""How one SKU of a fixture fared in the course of a business day."""

store_day = Table(
    "store_day",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("day", Date, primary_key=True),  # before the store: all stores of some days lie together
    Column("store", SLUG, primary_key=True),
    *counts(
        "accepted",
        "kept",  # scheduled captures accepted in opening hours, of each fixture at most those due
        "due",
        "undue_fixtures",  # fixtures with captures of which nobody knows how many were due
        "simulated",
        "watched_ms",  # opening hours that some capture watched, over the fixtures
        "open_ms",  # opening hours, over the fixtures
        "facings",
        "own",
        "foreign",
        "unknown",
        "unsure",
        "gaps",
        "must_part",
        "must_whole",
        "present_part",
        "present_whole",
        "shelf_part",
        "shelf_whole",
        "order_part",
        "order_whole",
        "facings_part",
        "facings_whole",
        "observed_ms",
        "out_ms",
        "stockouts",  # episodes that began on this day
        "into",
        "into_days",  # 1 where an entrance told its crossings
        "passers",
        "passers_days",
        "stoppers",
        "stoppers_days",
        "visits",
        "dwell_ms",
        "counted_ms",  # people were counted, in opening hours
        "countable_ms",  # opening hours, over what people are counted at
        "counting_days",  # 1 where people were counted at all
        "door_openings",
        "door_words",  # events of doors: without any there is no sensor
        "refills",
    ),
    Index(None, "tenant", "store"),
    sqlite_with_rowid=False,
)
"""One row a store and business day: what all stores over months are ranked by."""

todo_due = Table(
    "todo_due",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("marks", BigInteger, nullable=False, server_default="0"),
)
"""Stores of which a day was settled since what is to do there was written down."""

todo = Table(
    "todo",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("fixture", SLUG, primary_key=True),
    Column("sku", SKU, primary_key=True),  # '' where it is about none
    Column("day", Date, nullable=False),  # as of which business day: the last one with data
    Column("name", String(200)),  # of the SKU, or why captures are rejected
    Column("count", Integer),
    Column("since", BigInteger),
    Column("points", BigInteger, nullable=False),  # thousandths
    Column("capture", SLUG),
    Column("event", String(60)),
    Column("evidence", String(64)),
    Column("photographed", SLUG),
    Index(None, "tenant", "points"),
)
"""What is to do in each store, so that all stores are ranked without working out the profile of each."""

"""The tables. SQLAlchemy Core with portable types only: SQLite now, PostgreSQL without a rewrite.

Moments are integer milliseconds since 1970 in UTC: they sort, subtract and index alike in every database. Roll-up
columns are integers throughout, so that sums do not depend on the order in which events arrive.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from cloud_sink.store import (  # noqa: F401 - who knows this module's tables knows all
    catalogue_tables,
    correction_tables,
    evidence_tables,
    life_tables,
    master_tables,
    out_tables,
    photo_audit_tables,
    placement_tables,
    plan_tables,
    rights_tables,
    settled_tables,
    tail_tables,
    task_tables,
    trust_tables,
)
from cloud_sink.store.schema import EPOCH as _EPOCH
from cloud_sink.store.schema import SKU as _SKU
from cloud_sink.store.schema import SLUG as _SLUG
from cloud_sink.store.schema import counts as _counts
from cloud_sink.store.schema import metadata as metadata  # noqa: PLC0414 - told on, for who asks this module

_UNDATED = text("dated <> 'clock'")

events = Table(
    "events",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("epoch", _EPOCH, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("store", _SLUG, nullable=False),
    Column("type", String(100), nullable=False),
    Column("fixture", _SLUG, nullable=False),  # '' where the type has none
    Column("day", Date, primary_key=True),  # the business day its roll-ups stand under; last in the key
    Column("hour", Integer, nullable=False),  # within that day, from 0
    Column("in_hours", Boolean, nullable=False),  # whether it fell into opening hours
    Column("at", BigInteger, nullable=False),
    Column("dated", String(10), nullable=False),  # clock, boot or arrival
    Column("boot", String(32), nullable=False),
    Column("up", BigInteger, nullable=False),  # seconds since boot
    Column("received", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),  # the device's own bytes
    Index(None, "tenant", "store", "day", "type", "at"),
    Index("ix_events_undated", "tenant", "device", "boot", sqlite_where=_UNDATED, postgresql_where=_UNDATED),
    postgresql_partition_by="RANGE (day)",
)
"""One row an event, as it came. On PostgreSQL a partition for each business day (`cloud_sink.store.partitions`): what
is stored once is decided by the ledger, since a key is unique there only within its day."""

ledger = Table(
    "ledger",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("epoch", _EPOCH, primary_key=True),
    Column("kind", String(10), primary_key=True),  # taken, refused or dropped
    Column("first", BigInteger, primary_key=True),
    Column("last", BigInteger, nullable=False),
)
"""Which sequence numbers were answered, as ranges; outlives the events."""

quarantine = Table(
    "quarantine",
    metadata,
    # INTEGER is what SQLite counts up by itself; PostgreSQL gets its 64 bits.
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", _SLUG, nullable=False),
    Column("store", _SLUG, nullable=False),
    Column("device", _SLUG, nullable=False),
    Column("epoch", _EPOCH, nullable=False),  # '' when nobody could tell
    Column("seq", BigInteger, nullable=False),  # 0 when nobody could tell
    Column("reason", String(20), nullable=False),  # a RefusalReason, or conflict
    Column("detail", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),
    UniqueConstraint("tenant", "device", "epoch", "seq", "sha256"),
)
"""What was refused or contradicted what is stored, with its bytes."""

quarantine_use = Table(
    "quarantine_use",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    *_counts("bytes", "dropped"),
)
"""How much room each tenant's quarantine takes, and how many bodies went out for want of it since it last had room."""

boots = Table(
    "boots",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("boot", String(32), primary_key=True),
    Column("began", BigInteger, nullable=False),  # the moment of `up` = 0, by the earliest synced event
    Column("up", BigInteger, nullable=False),  # of the event that said so
    Column("epoch", _EPOCH, nullable=False),
    Column("seq", BigInteger, nullable=False),
)
"""When a boot began, known once one synced event of it arrived."""

redating = Table(
    "redating",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("boot", String(32), primary_key=True),
)
"""Boots whose clock is known, and of which more events wait for their dates than one transaction should move."""

fixture_day = Table(
    "fixture_day",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("fixture", _SLUG, primary_key=True),
    Column("view", _SLUG, primary_key=True),  # '' for what has none, such as a door
    *_counts(
        "accepted",
        "accepted_due",  # scheduled, in opening hours: what completeness counts
        "rejected",
        "simulated",
        "facings",
        "own",
        "foreign",
        "unknown",
        "unsure",
        "gaps",
        "assortment",
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
        "door_openings",
        "door_open_ms",
        "cabinet_readings",
        "cabinet_millicelsius",
        "power_readings",
        "power_off",
        "openings",  # captures that tell what an opening of the door did
        "refills",  # of these, refills
        "door_words",  # events of the door: without any there is no sensor
    ),
    sqlite_with_rowid=False,
)
"""Sums over the accepted captures of one view of a fixture on one business day.

Roll-ups are stored in the order of their keys (`WITHOUT ROWID`): a profile reads a store's days side by side."""

rejection_day = Table(
    "rejection_day",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("fixture", _SLUG, primary_key=True),
    Column("view", _SLUG, primary_key=True),
    Column("reason", String(20), primary_key=True),
    *_counts("captures"),
    sqlite_with_rowid=False,
)
"""Captures that were not used, by reason."""

sku_day = Table(
    "sku_day",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("fixture", _SLUG, primary_key=True),
    Column("view", _SLUG, primary_key=True),
    Column("sku", _SKU, primary_key=True),  # '' for facings that have none
    *_counts(
        "captures_seen",  # accepted captures with a recognised facing
        "captures_planned",
        "facings",  # recognised
        "unsure",  # could be this SKU
        "unknown",
        "planned",
        "gaps",
        "width_ppm",  # summed width of recognised facings, millionths of the frame
        "unsure_width_ppm",
        "unknown_width_ppm",
        "taken",  # facings that fell in openings of the door
        "added",
        "removed",  # the same in refills
        "refilled",
    ),
    sqlite_with_rowid=False,
)
"""Sums over the accepted captures, by SKU."""

traffic_hour = Table(
    "traffic_hour",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("hour", Integer, primary_key=True),  # within the business day, from 0; 25 of them when clocks go back
    Column("fixture", _SLUG, primary_key=True),  # '' for an entrance
    *_counts(
        "intervals",
        "observed_ms",
        "into",
        "out",
        "passers",
        "passers_intervals",  # intervals in which passers were counted at all
        "stoppers",
        "stoppers_intervals",
        "visits",
        "dwell_ms",
        "open_ms",  # observed in opening hours
        "told_intervals",  # that told the crossings of some line
        "withheld_intervals",  # in which some count was too small to be told
        "loitering",
        "occupancy_ms",  # people in zones x time
    ),
    sqlite_with_rowid=False,
)
"""People counted, by hour."""

stockouts = Table(
    "stockouts",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("episode", _SLUG, primary_key=True),
    Column("fixture", _SLUG, nullable=False),
    Column("sku", _SKU, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),
    Index(None, "tenant", "store", "since"),
)
"""Stock-out episodes; `until` is empty while one lasts."""

camera_due = Table(
    "camera_due",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("store", _SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("camera", _SLUG, primary_key=True),
    Column("fixture", _SLUG, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),  # of the event that said so: the latest wins
    Column("epoch", _EPOCH, nullable=False),
    Column("seq", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Captures due in the opening hours of a business day, by the schedule the camera reported last."""

devices = Table(
    "devices",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("device", _SLUG, primary_key=True),
    Column("store", _SLUG, nullable=False),  # where it spoke from last
    Column("zone", String(64), nullable=False),
    Column("first_seen", BigInteger, nullable=False),
    Column("last_seen", BigInteger, nullable=False),
    Column("state", String(10)),
    Column("connection", _SLUG),
    Column("state_at", BigInteger),
    Column("health", Text),
    Column("health_at", BigInteger),
    Column("health_epoch", _EPOCH),
    Column("health_seq", BigInteger),
    Index(None, "tenant", "store"),
)
"""Every device that ever spoke, its state and its last health."""

resends = Table(
    "resends",
    metadata,
    Column("id", _SLUG, primary_key=True),
    Column("tenant", _SLUG, nullable=False),
    Column("store", _SLUG, nullable=False),
    Column("device", _SLUG, nullable=False),
    Column("epoch", _EPOCH, nullable=False),
    Column("ranges", Text, nullable=False),  # JSON
    Column("asked", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("answered", BigInteger),
    Column("answer", Text),
    Index(None, "tenant", "device", "epoch"),
)
"""Commands that asked a device to fill a hole in its sequence."""

chores = Table(
    "chores",
    metadata,
    Column("name", _SLUG, primary_key=True),
    Column("ran", BigInteger, nullable=False),
)
"""When a daily chore ran last, whichever collector did it."""

deletions = Table(
    "deletions",
    metadata,
    Column("id", _SLUG, primary_key=True),
    Column("tenant", _SLUG, nullable=False),
    Column("kind", String(10), nullable=False),  # store or device
    Column("name", _SLUG, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("proof", Text, nullable=False),  # JSON
)
"""What was deleted on command, and the proof of it."""

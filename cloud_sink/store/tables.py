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
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_SLUG = String(63)
_EPOCH = String(32)
_SKU = String(64)


def _counts(*names: str) -> list[Column[int]]:
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]


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
    Column("day", Date, nullable=False),  # the business day its roll-ups stand under
    Column("hour", Integer, nullable=False),  # within that day, from 0
    Column("in_hours", Boolean, nullable=False),  # whether it fell into opening hours
    Column("at", BigInteger, nullable=False),
    Column("dated", String(10), nullable=False),  # clock, boot or arrival
    Column("boot", String(32), nullable=False),
    Column("up", BigInteger, nullable=False),  # seconds since boot
    Column("received", BigInteger, nullable=False),
    Column("sha256", LargeBinary(32), nullable=False),
    Column("body", LargeBinary, nullable=False),  # the device's own bytes
    Index(None, "tenant", "store", "day", "type"),
    Index(None, "tenant", "device", "boot", "dated"),
)
"""One row an event, as it came."""

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
    ),
)
"""Sums over the accepted captures of one view of a fixture on one business day."""

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
    ),
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
    ),
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

evidence = Table(
    "evidence",
    metadata,
    Column("tenant", _SLUG, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("store", _SLUG, nullable=False),
    Column("device", _SLUG, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
)
"""Photographs in the evidence folder, for quota and retention."""

"""Days settled after their events came: the course of each SKU, one row a store and day, and what openings moved."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FIXTURE = ("openings", "refills", "door_words")
_SKU = ("taken", "added", "removed", "refilled")
_COURSE = ("observed_ms", "out_ms", "taken", "added", "refilled", "removed")
_STORE = (
    "accepted",
    "kept",
    "due",
    "undue_fixtures",
    "simulated",
    "watched_ms",
    "open_ms",
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
    "stockouts",
    "into",
    "into_days",
    "passers",
    "passers_days",
    "stoppers",
    "stoppers_days",
    "visits",
    "dwell_ms",
    "counted_ms",
    "countable_ms",
    "counting_days",
    "door_openings",
    "door_words",
    "refills",
)


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), server_default="0", nullable=False)


def upgrade() -> None:
    """Bring the tables to this revision; every day that is stored waits to be settled."""
    for table, names in (("fixture_day", _FIXTURE), ("sku_day", _SKU)):
        for name in names:
            op.add_column(table, _count(name))
    op.execute("UPDATE fixture_day SET door_words = 1 WHERE door_openings > 0 OR door_open_ms > 0")
    op.create_table(
        "stale_day",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        _count("marks"),
        sa.PrimaryKeyConstraint("tenant", "store", "day", name=op.f("pk_stale_day")),
    )
    op.create_table(
        "sku_course",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        *map(_count, _COURSE),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "fixture", "sku", name=op.f("pk_sku_course")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "store_day",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        *map(_count, _STORE),
        sa.PrimaryKeyConstraint("tenant", "day", "store", name=op.f("pk_store_day")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_store_day_tenant_store"), "store_day", ["tenant", "store"])
    op.execute(
        "INSERT INTO stale_day (tenant, store, day) "
        "SELECT tenant, store, day FROM fixture_day UNION SELECT tenant, store, day FROM traffic_hour"
    )

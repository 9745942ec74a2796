"""Events by business day: on PostgreSQL a partition for each; and an index only of those that wait for a date."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEY = ("tenant", "device", "epoch", "seq", "day")


def upgrade() -> None:
    """Bring the tables to this revision; every event is copied once."""
    is_postgres = op.get_bind().dialect.name == "postgresql"
    op.drop_index(op.f("ix_events_tenant_device_boot_dated"), "events")
    op.drop_index(op.f("ix_events_tenant_store_day_type"), "events")
    op.rename_table("events", "events_before")
    if is_postgres:
        op.execute("ALTER TABLE events_before RENAME CONSTRAINT pk_events TO pk_events_before")
    columns: list[sa.Column[Any]] = [
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("type", sa.String(length=100), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("in_hours", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("dated", sa.String(length=10), nullable=False),
        sa.Column("boot", sa.String(length=32), nullable=False),
        sa.Column("up", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
    ]
    names = ", ".join(f'"{column.name}"' for column in columns)
    op.create_table(
        "events",
        *columns,
        sa.PrimaryKeyConstraint(*_KEY, name=op.f("pk_events")),
        postgresql_partition_by="RANGE (day)",
    )
    if is_postgres:
        op.execute("CREATE TABLE events_rest PARTITION OF events DEFAULT")
    op.execute(f"INSERT INTO events ({names}) SELECT {names} FROM events_before")  # noqa: S608 - names of our own
    op.drop_table("events_before")
    op.create_index(op.f("ix_events_tenant_store_day_type"), "events", ["tenant", "store", "day", "type"])
    waits = sa.text("dated <> 'clock'")
    op.create_index(
        "ix_events_undated", "events", ["tenant", "device", "boot"], sqlite_where=waits, postgresql_where=waits
    )

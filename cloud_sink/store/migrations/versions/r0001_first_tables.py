"""The first tables: events, ledger, quarantine, roll-ups, devices, resends, evidence."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "boots",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("boot", sa.String(length=32), nullable=False),
        sa.Column("began", sa.BigInteger(), nullable=False),
        sa.Column("up", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "boot", name=op.f("pk_boots")),
    )
    op.create_table(
        "camera_due",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("camera", sa.String(length=63), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "device", "camera", name=op.f("pk_camera_due")),
    )
    op.create_table(
        "devices",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("first_seen", sa.BigInteger(), nullable=False),
        sa.Column("last_seen", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=True),
        sa.Column("connection", sa.String(length=63), nullable=True),
        sa.Column("state_at", sa.BigInteger(), nullable=True),
        sa.Column("health", sa.Text(), nullable=True),
        sa.Column("health_at", sa.BigInteger(), nullable=True),
        sa.Column("health_epoch", sa.String(length=32), nullable=True),
        sa.Column("health_seq", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "device", name=op.f("pk_devices")),
    )
    op.create_index(op.f("ix_devices_tenant_store"), "devices", ["tenant", "store"], unique=False)
    op.create_table(
        "events",
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
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", "seq", name=op.f("pk_events")),
    )
    op.create_index(
        op.f("ix_events_tenant_device_boot_dated"), "events", ["tenant", "device", "boot", "dated"], unique=False
    )
    op.create_index(op.f("ix_events_tenant_store_day_type"), "events", ["tenant", "store", "day", "type"], unique=False)
    op.create_table(
        "evidence",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "sha256", name=op.f("pk_evidence")),
    )
    op.create_table(
        "fixture_day",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("view", sa.String(length=63), nullable=False),
        sa.Column("accepted", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("accepted_due", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("rejected", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("simulated", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("facings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("own", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("foreign", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unknown", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unsure", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gaps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("assortment", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("must_part", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("must_whole", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("present_part", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("present_whole", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shelf_part", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("shelf_whole", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("order_part", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("order_whole", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("facings_part", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("facings_whole", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("door_openings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("door_open_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cabinet_readings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("cabinet_millicelsius", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("power_readings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("power_off", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "fixture", "view", name=op.f("pk_fixture_day")),
    )
    op.create_table(
        "ledger",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", "kind", "first", name=op.f("pk_ledger")),
    )
    op.create_table(
        "quarantine",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("received", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.LargeBinary(length=32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quarantine")),
        sa.UniqueConstraint(
            "tenant", "device", "epoch", "seq", "sha256", name=op.f("uq_quarantine_tenant_device_epoch_seq_sha256")
        ),
    )
    op.create_table(
        "rejection_day",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("view", sa.String(length=63), nullable=False),
        sa.Column("reason", sa.String(length=20), nullable=False),
        sa.Column("captures", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "fixture", "view", "reason", name=op.f("pk_rejection_day")),
    )
    op.create_table(
        "resends",
        sa.Column("id", sa.String(length=63), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("ranges", sa.Text(), nullable=False),
        sa.Column("asked", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("answered", sa.BigInteger(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resends")),
    )
    op.create_index(op.f("ix_resends_tenant_device_epoch"), "resends", ["tenant", "device", "epoch"], unique=False)
    op.create_table(
        "sku_day",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("view", sa.String(length=63), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("captures_seen", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("captures_planned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("facings", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unsure", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unknown", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("planned", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("gaps", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("width_ppm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unsure_width_ppm", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("unknown_width_ppm", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "fixture", "view", "sku", name=op.f("pk_sku_day")),
    )
    op.create_table(
        "stockouts",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("episode", sa.String(length=63), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "store", "device", "episode", name=op.f("pk_stockouts")),
    )
    op.create_index(op.f("ix_stockouts_tenant_store_since"), "stockouts", ["tenant", "store", "since"], unique=False)
    op.create_table(
        "traffic_hour",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("intervals", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("observed_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("into", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("out", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("passers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("passers_intervals", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stoppers", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("stoppers_intervals", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("visits", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dwell_ms", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "day", "hour", "fixture", name=op.f("pk_traffic_hour")),
    )

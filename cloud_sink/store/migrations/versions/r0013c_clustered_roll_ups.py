"""Roll-ups lie in the order of their keys, a store's days side by side; the last events of a day are found by seeks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013c"
down_revision = "0013b"
branch_labels = None
depends_on = None

_ROLL_UPS = ("fixture_day", "rejection_day", "sku_day", "traffic_hour", "camera_due")


def upgrade() -> None:
    """Bring the tables to this revision. PostgreSQL keeps no table in order, and only gets the index."""
    op.drop_index(op.f("ix_events_tenant_store_day_type"), "events")
    op.create_index(op.f("ix_events_tenant_store_day_type_at"), "events", ["tenant", "store", "day", "type", "at"])
    if op.get_bind().dialect.name == "sqlite":
        for name in _ROLL_UPS:
            _cluster(name)


def _cluster(name: str) -> None:
    """SQLite changes no table into one WITHOUT ROWID: the rows move into another."""
    said = sa.text("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = :name")
    sql = op.get_bind().execute(said, {"name": name}).scalar_one()
    keys = sa.inspect(op.get_bind()).get_pk_constraint(name)["constrained_columns"]
    op.execute(sql.replace(f"CREATE TABLE {name}", f"CREATE TABLE {name}_moved", 1) + " WITHOUT ROWID")
    order = ", ".join(f'"{key}"' for key in keys)
    op.execute(f"INSERT INTO {name}_moved SELECT * FROM {name} ORDER BY {order}")  # noqa: S608 - names of ours
    op.drop_table(name)
    op.rename_table(f"{name}_moved", name)

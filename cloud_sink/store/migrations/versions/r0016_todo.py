"""What is to do in every store, and of which stores it has to be written down: of all that have days."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "todo_due",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("marks", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", name="pk_todo_due"),
    )
    op.create_table(
        "todo",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("since", sa.BigInteger(), nullable=True),
        sa.Column("points", sa.BigInteger(), nullable=False),
        sa.Column("capture", sa.String(length=63), nullable=True),
        sa.Column("event", sa.String(length=60), nullable=True),
        sa.Column("evidence", sa.String(length=64), nullable=True),
        sa.Column("photographed", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "store", "kind", "fixture", "sku", name="pk_todo"),
    )
    op.create_index("ix_todo_tenant_points", "todo", ["tenant", "points"])
    op.execute(sa.text("INSERT INTO todo_due (tenant, store, marks) SELECT DISTINCT tenant, store, 1 FROM store_day"))

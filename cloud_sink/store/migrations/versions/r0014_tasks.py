"""Tasks and their steps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "tasks",
        sa.Column("id", kind, autoincrement=True, nullable=False),
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in ("tenant", "store", "fixture")),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("assigned", sa.String(length=200), nullable=False),
        sa.Column("due", sa.Date(), nullable=True),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("moved", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_state", "tasks", ["tenant", "state", "due"])
    open_ones = sa.text("state NOT IN ('verified', 'dropped')")
    op.create_index(
        "ux_tasks_open",
        "tasks",
        ["tenant", "store", "fixture", "kind", "sku"],
        unique=True,
        sqlite_where=open_ones,
        postgresql_where=open_ones,
    )
    op.create_table(
        "task_steps",
        sa.Column("task", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=250), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("photograph", sa.String(length=64), nullable=True),
        sa.Column("capture", sa.String(length=63), nullable=True),
        sa.PrimaryKeyConstraint("task", "number", name=op.f("pk_task_steps")),
    )

"""Planograms, and the fixtures they are assigned to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "planograms",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "name", "version", name=op.f("pk_planograms")),
    )
    op.create_table(
        "planogram_assignments",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in ("tenant", "store", "fixture")),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("name", sa.String(length=63), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "fixture", "since", name=op.f("pk_planogram_assignments")),
    )

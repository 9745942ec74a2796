"""The lives that devices lead, identities that were copied, and configurations, desired and reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    named = ("tenant", "device", "store")
    op.create_table(
        "lives",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in named),
        sa.Column("trail", sa.Text(), nullable=False),
        sa.Column("conflicts", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("conflicted", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "device", name=op.f("pk_lives")),
    )
    op.create_table(
        "clones",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in named),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("since", "last")),
        sa.Column("mark", sa.String(length=10), nullable=False),
        sa.Column("cleared", sa.BigInteger(), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "device", name=op.f("pk_clones")),
    )
    op.create_table(
        "configurations",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in named),
        sa.Column("desired", sa.String(length=64), nullable=True),
        sa.Column("desired_at", sa.BigInteger(), nullable=True),
        sa.Column("reported", sa.Text(), nullable=True),
        sa.Column("reported_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "device", name=op.f("pk_configurations")),
    )

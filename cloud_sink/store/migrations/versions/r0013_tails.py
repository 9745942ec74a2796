"""Outboxes to be asked for what came behind the end of a ledger that was set back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "tails",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in ("tenant", "device")),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("after", "opened", "asked")),
        sa.PrimaryKeyConstraint("tenant", "device", "epoch", name=op.f("pk_tails")),
    )

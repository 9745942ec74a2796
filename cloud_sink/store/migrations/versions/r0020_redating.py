"""Boots of which events wait for their dates."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "redating",
        *(sa.Column(name, sa.String(length=63), nullable=False) for name in ("tenant", "device")),
        sa.Column("boot", sa.String(length=32), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "device", "boot", name=op.f("pk_redating")),
    )

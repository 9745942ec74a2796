"""How much room each tenant's quarantine takes, so that it can be bounded without being counted."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision; what is in quarantine already is measured."""
    op.create_table(
        "quarantine_use",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("dropped", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_quarantine_use")),
    )
    op.execute(
        "INSERT INTO quarantine_use (tenant, bytes) "
        "SELECT tenant, SUM(LENGTH(body) + LENGTH(detail) + 300) FROM quarantine GROUP BY tenant"
    )

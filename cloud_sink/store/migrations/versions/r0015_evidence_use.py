"""How much room each tenant's photographs take, counted as they come and go."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "evidence_use",
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("bytes", sa.BigInteger(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_evidence_use")),
    )
    op.execute("INSERT INTO evidence_use SELECT tenant, sum(bytes) FROM evidence GROUP BY tenant")

"""Outlets that pause after failures; what waits for them says of which store and device it is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.execute(sa.text("DELETE FROM outgoing WHERE outlet = 'notice'"))  # each address of a channel has its own now
    op.add_column("outlets", sa.Column("failures", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("outlets", sa.Column("resumes", sa.BigInteger(), nullable=False, server_default="0"))
    for name in ("store", "device"):
        op.add_column("outgoing", sa.Column(name, sa.String(length=63), nullable=False, server_default=""))

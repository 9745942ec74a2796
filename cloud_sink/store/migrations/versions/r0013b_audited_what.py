"""What was changed, in the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013b"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.add_column("audit", sa.Column("what", sa.String(length=500), nullable=False, server_default=""))

"""What became of each photograph: rows are made before the bytes are written, and go after them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    # The default is for the rows that are there: a photograph that had a row had its bytes.
    op.add_column("evidence", sa.Column("state", sa.String(length=10), nullable=False, server_default="stored"))

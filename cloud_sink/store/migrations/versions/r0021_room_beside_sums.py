"""Room beside the sums on PostgreSQL: a row that is added to stays on its page, and its index as it is.

A batch adds to the same rows as the one before. On a full page every sum would be written anew on another, with a new
entry in the index (PostgreSQL's documentation, "Heap-Only Tuples"). Pages that are there stay as they are.
"""

from __future__ import annotations

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    if op.get_bind().dialect.name == "postgresql":
        for table in ("sku_day", "fixture_day"):
            op.execute(f"ALTER TABLE {table} SET (fillfactor = 50)")

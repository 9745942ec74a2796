"""Of people counted: what was told and what withheld, who loitered, and the seconds that fell into opening hours."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NEW = ("open_ms", "told_intervals", "withheld_intervals", "loitering", "occupancy_ms")


def upgrade() -> None:
    """Bring the tables to this revision; what was counted before is taken as told, and as in opening hours."""
    for name in _NEW:
        op.add_column("traffic_hour", sa.Column(name, sa.BigInteger(), server_default="0", nullable=False))
    op.execute("UPDATE traffic_hour SET open_ms = observed_ms, told_intervals = intervals")

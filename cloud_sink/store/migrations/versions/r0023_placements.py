"""Which board of a device was where, orders to move and to retire, and why a board takes another's place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

_NOW_KNOWN = """
INSERT INTO placements (id, tenant, device, identity, key, store, fixture, since, until, began, ended, by, reason)
SELECT id, tenant, device, id, key, store, fixture, made, revoked, 'installed',
       CASE WHEN revoked IS NULL THEN NULL ELSE 'revoked' END, '', ''
FROM identities
"""


def upgrade() -> None:
    """Bring the tables to this revision. Where devices were before is not known; where they are is."""
    op.add_column("invitations", sa.Column("repairs", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("invitations", sa.Column("reason", sa.String(length=200), nullable=False, server_default=""))
    op.create_table(
        "placements",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("identity", sa.String(length=32), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
        sa.Column("began", sa.String(length=10), nullable=False),
        sa.Column("ended", sa.String(length=10), nullable=True),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_placements"),
    )
    op.create_index("ix_placements_tenant_device_since", "placements", ["tenant", "device", "since"])
    op.create_index("ix_placements_identity", "placements", ["identity"])
    op.create_table(
        "orders",
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=63), nullable=False),
        sa.Column("device", sa.String(length=63), nullable=False),
        sa.Column("identity", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("store", sa.String(length=63), nullable=False),
        sa.Column("fixture", sa.String(length=63), nullable=False),
        sa.Column("at_once", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=True),
        sa.Column("handed", sa.BigInteger(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        sa.Column("said", sa.String(length=500), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_identity_made", "orders", ["identity", "made"])
    op.create_index("ix_orders_state", "orders", ["state"])
    op.execute(_NOW_KNOWN)

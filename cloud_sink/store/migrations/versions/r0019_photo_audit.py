"""Samples of facings that people judge without the machine's answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the tables to this revision."""
    slug = sa.String(length=63)
    key = (("tenant", slug), ("week", sa.Date()))
    op.create_table(
        "photo_audit_samples",
        *(sa.Column(name, kind, nullable=False) for name, kind in key),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("facings", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.String(length=250), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "week", name="pk_photo_audit_samples"),
    )
    op.create_table(
        "photo_audit_draws",
        *(sa.Column(name, kind, nullable=False) for name, kind in key),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("judges", sa.Integer(), nullable=False),
        sa.Column("store", slug, nullable=False),
        sa.Column("chain", sa.String(length=200), nullable=False),
        sa.Column("fixture", slug, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("device", slug, nullable=False),
        sa.Column("epoch", sa.String(length=32), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("facing", sa.Integer(), nullable=False),
        sa.Column("evidence", sa.String(length=64), nullable=False),
        sa.Column("box", sa.Text(), nullable=False),
        sa.Column("shelf", sa.Integer(), nullable=False),
        sa.Column("band", sa.Text(), nullable=False),
        sa.Column("counted", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(length=10), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "week", "place", name="pk_photo_audit_draws"),
    )
    op.create_table(
        "photo_audit_judgements",
        *(sa.Column(name, kind, nullable=False) for name, kind in key),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("who", sa.String(length=250), nullable=False),
        sa.Column("store", slug, nullable=False),
        sa.Column("says", sa.String(length=10), nullable=False),
        sa.Column("sku", sa.String(length=64), nullable=True),
        sa.Column("counted", sa.Integer(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "week", "place", "who", name="pk_photo_audit_judgements"),
    )

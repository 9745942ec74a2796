"""Corrections, webhooks with their queue, and alerts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def _text(name: str, length: int | None = None, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text() if length is None else sa.String(length=length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _counted() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, autoincrement=True, nullable=False)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "corrections",
        _counted(),
        *(_text(name, 63) for name in ("tenant", "store", "device")),
        _text("epoch", 32),
        _number("seq"),
        _text("fixture", 63),
        sa.Column("facing", sa.Integer(), nullable=False),
        _text("was", 10, nullable=True),
        _text("standing", 10),
        _text("sku", 64, nullable=True),
        _text("record", nullable=True),
        _number("at"),
        _text("who", 250),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_corrections")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_corrections_tenant_device_epoch_seq"), "corrections", ["tenant", "device", "epoch", "seq"])
    op.create_index("ix_corrections_store", "corrections", ["tenant", "store"])
    op.create_table(
        "outlets",
        _text("id", 32),
        _text("kind", 10),
        _text("tenant", 63),
        _text("types"),
        _text("url"),
        _text("secret", 100),
        _number("created"),
        _text("by", 250),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        _text("trouble"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outlets")),
    )
    op.create_table(
        "outgoing",
        _counted(),
        _text("outlet", 32),
        _text("target", 100),
        _text("tenant", 63),
        _text("type", 100),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _number("queued"),
        _number("due"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outgoing")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_outgoing_outlet_due"), "outgoing", ["outlet", "due"])
    op.create_table(
        "alerts",
        *(_text(name, 63) for name in ("rule", "tenant", "store")),
        _text("subject", 200),
        _number("since"),
        _number("told", nullable=True),
        _number("over", nullable=True),
        _number("until", nullable=True),
        _text("text"),
        sa.PrimaryKeyConstraint("rule", "tenant", "store", "subject", name=op.f("pk_alerts")),
    )

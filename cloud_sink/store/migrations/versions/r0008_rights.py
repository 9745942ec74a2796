"""Users, keys, sessions, one-time links, sign-ins under way, and the audit log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def _text(name: str, length: int, *, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=length), nullable=nullable)


def _number(name: str, *, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "users",
        _text("id", 32),
        _text("tenant", 63),
        _text("name", 200),
        _text("role", 20),
        sa.Column("password", sa.Text(), nullable=True),
        _text("issuer", 300, nullable=True),
        _text("subject", 255, nullable=True),
        _number("created"),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("tenant", "name", name=op.f("uq_users_tenant_name")),
    )
    op.create_index("ix_users_subject", "users", ["tenant", "issuer", "subject"], unique=True)
    op.create_table(
        "api_keys",
        _text("id", 32),
        _text("tenant", 63),
        _text("name", 200),
        _text("role", 20),
        _text("secret", 64),
        _number("created"),
        _text("by", 200),
        _number("expires", nullable=True),
        _number("used", nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index(op.f("ix_api_keys_tenant"), "api_keys", ["tenant"])
    op.create_table(
        "sessions",
        _text("token", 64),
        _text("user", 32),
        _number("created"),
        _number("seen"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_sessions")),
    )
    op.create_index(op.f("ix_sessions_user"), "sessions", ["user"])
    op.create_table(
        "links",
        _text("token", 64),
        _text("tenant", 63),
        _text("user", 32, nullable=True),
        _number("expires"),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_links")),
    )
    op.create_index(op.f("ix_links_user"), "links", ["user"])
    op.create_table(
        "sign_ins",
        _text("state", 64),
        _text("provider", 63),
        _text("nonce", 64),
        _text("verifier", 128),
        _number("expires"),
        sa.PrimaryKeyConstraint("state", name=op.f("pk_sign_ins")),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        _text("tenant", 63),
        _number("at"),
        _text("who", 250),
        _text("address", 64),
        _text("action", 200),
        _text("target", 500),
        sa.Column("status", sa.Integer(), nullable=False),
        _text("request", 64),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_tenant_at"), "audit", ["tenant", "at"])

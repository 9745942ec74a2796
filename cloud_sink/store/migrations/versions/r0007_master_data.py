"""Master data, contracts, promotions, units sold and delivered, and the files that said so."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _slug(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=63), nullable=False)


def _label(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.String(length=200))


def upgrade() -> None:
    """Bring the tables to this revision."""
    op.create_table(
        "store_master",
        _slug("tenant"),
        _slug("store"),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("opens", sa.String(length=5), nullable=False),
        sa.Column("closes", sa.String(length=5), nullable=False),
        sa.Column("day_starts", sa.String(length=5), nullable=False),
        *map(_label, ("chain", "channel", "city", "store_class")),
        sa.Column("area_m2", sa.Float()),
        _label("representative"),
        sa.Column("gln", sa.String(length=13)),
        sa.Column("latitude", sa.Float()),
        sa.Column("longitude", sa.Float()),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", name=op.f("pk_store_master")),
    )
    op.create_table(
        "fixture_master",
        *map(_slug, ("tenant", "store", "fixture")),
        _label("name"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("own", sa.Text(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "store", "fixture", name=op.f("pk_fixture_master")),
    )
    op.create_table(
        "contracts",
        *map(_slug, ("tenant", "contract", "store", "fixture")),
        sa.Column("brand", sa.String(length=200), nullable=False),
        sa.Column("side", sa.String(length=10), nullable=False),
        sa.Column("facings", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("fee_milli", sa.BigInteger()),
        sa.Column("currency", sa.String(length=3)),
        sa.PrimaryKeyConstraint("tenant", "contract", "store", "fixture", "brand", name=op.f("pk_contracts")),
    )
    op.create_index(op.f("ix_contracts_tenant_store"), "contracts", ["tenant", "store"])
    op.create_table(
        "promotions",
        *map(_slug, ("tenant", "promotion", "store")),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("cost_milli", sa.BigInteger()),
        sa.Column("margin_milli", sa.BigInteger()),
        sa.PrimaryKeyConstraint("tenant", "promotion", "store", "gtin", name=op.f("pk_promotions")),
    )
    _units()


def _units() -> None:
    op.create_table(
        "units",
        _slug("tenant"),
        sa.Column("kind", sa.String(length=10), nullable=False),
        _slug("store"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("gtin", sa.String(length=14), nullable=False),
        _slug("line"),
        sa.Column("units_milli", sa.BigInteger(), nullable=False),
        sa.Column("amount_milli", sa.BigInteger()),
        sa.Column("file", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "store", "day", "gtin", "line", name=op.f("pk_units")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "imports",
        _slug("tenant"),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("by", sa.String(length=200), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "kind", "sha256", name=op.f("pk_imports")),
    )

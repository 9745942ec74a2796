"""What all tables share: one set of metadata, the lengths of names, and columns that count."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, MetaData, String

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

SLUG = String(63)
EPOCH = String(32)
SKU = String(64)


def counts(*names: str) -> list[Column[int]]:
    """Columns of a roll-up: whole numbers that begin at 0."""
    return [Column(name, BigInteger, nullable=False, server_default="0") for name in names]

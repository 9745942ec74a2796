"""What people say of facings that a device saw otherwise."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, Text

from cloud_sink.store.schema import EPOCH, SKU, SLUG, metadata

corrections = Table(
    "corrections",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("epoch", EPOCH, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("facing", Integer, nullable=False),  # among those that count; added ones are numbered on
    Column("was", String(10)),  # own, foreign, unknown, unsure; empty for an added one
    Column("standing", String(10), nullable=False),  # the same, or removed
    Column("sku", SKU),
    Column("record", Text),  # JSON of an added facing
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
    Index(None, "tenant", "device", "epoch", "seq"),
    Index("ix_corrections_store", "tenant", "store"),
    # What SQLite counts up may come again when its last row is deleted; a cursor must not.
    sqlite_autoincrement=True,
)
"""One row a correction; of several for one facing the last holds. What a facing was before stands in the event."""

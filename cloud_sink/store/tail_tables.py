"""What a database that was set back cannot know."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from cloud_sink.store.schema import EPOCH, SLUG, metadata

tails = Table(
    "tails",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("device", SLUG, primary_key=True),
    Column("epoch", EPOCH, primary_key=True),
    Column("after", BigInteger, nullable=False),  # the last number of the ledger when it was set back
    Column("opened", BigInteger, nullable=False),  # when that was
    Column("asked", BigInteger, nullable=False),  # when its device was asked last, 0 for never
)
"""Outboxes that may have been told that more is stored than is: each is asked for what lies behind, once it speaks."""

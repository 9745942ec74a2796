"""Samples of facings that people judge without the machine's answer, and what they said."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, String, Table, Text

from cloud_sink.store.schema import EPOCH, SKU, SLUG, metadata

samples = Table(
    "photo_audit_samples",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("week", Date, primary_key=True),  # its Monday
    Column("seed", String(32), nullable=False),
    Column("until", Date, nullable=False),  # the last business day that could be drawn from
    Column("asked", Integer, nullable=False),  # facings that were to be drawn
    Column("drawn", Integer, nullable=False),
    Column("facings", BigInteger, nullable=False),  # of all accepted captures of these days
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
)

draws = Table(
    "photo_audit_draws",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("week", Date, primary_key=True),
    Column("place", Integer, primary_key=True),  # in random order, so that any beginning is a random sample too
    Column("judges", Integer, nullable=False),  # how many are to judge it
    Column("store", SLUG, nullable=False),
    Column("chain", String(200), nullable=False),  # '' where nobody said
    Column("fixture", SLUG, nullable=False),
    Column("day", Date, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("epoch", EPOCH, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("facing", Integer, nullable=False),  # among those that count
    Column("evidence", String(64), nullable=False),
    Column("box", Text, nullable=False),  # JSON: [x1, y1, x2, y2] in shares of the frame
    Column("shelf", Integer, nullable=False),
    Column("band", Text, nullable=False),  # JSON: what the facings of that shelf cover
    Column("counted", Integer, nullable=False),  # facings that the machine counted there
    Column("status", String(10), nullable=False),
    Column("sku", SKU),
    Column("model", String(200), nullable=False),  # what recognised it
)
"""All that is needed to judge and to compare: it outlives the event."""

judgements = Table(
    "photo_audit_judgements",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("week", Date, primary_key=True),
    Column("place", Integer, primary_key=True),
    Column("who", String(250), primary_key=True),
    Column("store", SLUG, nullable=False),  # so that a store's deletion takes them along
    Column("says", String(10), nullable=False),  # sku, unlisted, nothing or unclear
    Column("sku", SKU),
    Column("counted", Integer),  # facings on the shelf
    Column("at", BigInteger, nullable=False),
)
"""What each judge said, once."""

"""Which board of which device was where, and what devices are ordered to do: move to another place, or retire."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table

from cloud_sink.store.schema import SLUG, metadata

_ID = String(32)
_HASH = String(64)
_NAME = String(200)
_WORD = String(10)

placements = Table(
    "placements",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("identity", _ID, nullable=False),  # the common name of that board's certificates
    Column("key", _HASH, nullable=False),  # SHA-256 of its public key
    Column("store", SLUG, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("until", BigInteger),  # NULL: it is there
    Column("began", _WORD, nullable=False),  # installed, moved, replaced or repaired
    Column("ended", _WORD),  # moved, replaced, repaired, revoked, retired or lost
    Column("by", _NAME, nullable=False),  # who had it come
    Column("reason", _NAME, nullable=False),
    Index(None, "tenant", "device", "since"),
    Index(None, "identity"),
)
"""One row for each board and place; it outlives the board."""

orders = Table(
    "orders",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("identity", _ID, nullable=False),
    Column("kind", _WORD, nullable=False),  # move or retire
    Column("store", SLUG, nullable=False),  # where to; where it stands, for one that retires
    Column("fixture", SLUG, nullable=False),
    Column("at_once", Boolean, nullable=False),  # whether a device that retires delivers nothing first
    Column("by", _NAME, nullable=False),
    Column("reason", _NAME, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("due", BigInteger),  # when one that retires is shut out without its word
    Column("handed", BigInteger),  # when the device was first told
    Column("state", _WORD, nullable=False),  # open, done, refused, cancelled or late
    Column("settled", BigInteger),
    Column("said", String(500), nullable=False),  # by the device that refused it
    Index(None, "identity", "made"),
    Index(None, "state"),
)
"""What devices are ordered to do; at most one is open for each board."""

"""Who is a device: the fleet's authorities, claims that are open or used, identities, certificates, installations.

An authority's key is stored encrypted, of a claim's secret only its SHA-256: a copy of the database lets nobody in.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, String, Table, Text, UniqueConstraint, false

from cloud_sink.store.schema import SLUG, metadata

_ID = String(32)
_HASH = String(64)
_NAME = String(200)

authorities = Table(
    "authorities",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("state", String(10), nullable=False),  # active, old (believed, issues no more), retired, outside
    Column("created", BigInteger, nullable=False),
    Column("certificate", Text, nullable=False),  # PEM
    Column("key", Text, nullable=False),  # PEM, encrypted
)
"""The fleet's certificate authorities: one active, those before it."""

invitations = Table(
    "invitations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("replaces", Boolean, nullable=False),  # whether the device may be one that has a key already
    Column("secret", _HASH, nullable=False),
    Column("approval", Boolean, nullable=False),  # whether a person must say yes
    Column("created", BigInteger, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),  # open, pending, approved, used or cancelled
    Column("key", _HASH),  # SHA-256 of the public key that took it
    Column("taken", BigInteger),
    Column("decided", _NAME),  # who approved or cancelled it
    Column("repairs", Boolean, nullable=False, server_default=false()),  # whether it is the same board with a new disk
    Column("reason", _NAME, nullable=False, server_default=""),  # why the one before is replaced
    Index(None, "tenant", "store"),
)
"""One-time claims."""

identities = Table(
    "identities",
    metadata,
    Column("id", _ID, primary_key=True),  # the common name of its certificates: its user name at the broker
    Column("tenant", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("key", _HASH, nullable=False),  # SHA-256 of its public key
    Column("certificate", Text, nullable=False),  # the newest, PEM
    Column("authority", _ID, nullable=False),
    Column("made", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("told", _HASH, nullable=False),  # SHA-256 of the authorities that it has stored
    Column("revoked", BigInteger),
    UniqueConstraint("tenant", "device"),
    Index(None, "authority"),
)
"""What each device is known by."""

certificates = Table(
    "certificates",
    metadata,
    Column("serial", String(40), primary_key=True),  # hexadecimal
    Column("identity", _ID, nullable=False),
    Column("authority", _ID, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("revoked", BigInteger),
    Index(None, "identity"),
    Index(None, "authority", "revoked"),
)
"""Every certificate that was issued; it outlives its device here, so that a revoked one stays so."""

installations = Table(
    "installations",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("passed", Boolean, nullable=False),
    Column("failed_first", _NAME, nullable=False),  # the first step that failed, '' for none
    Column("evidence", _HASH),
    Column("record", Text, nullable=False),  # JSON: every step
    Index(None, "tenant", "store", "at"),
)
"""What technicians left behind, and what went wrong first."""

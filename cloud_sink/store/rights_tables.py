"""Who may do what, and who did: users, keys, sessions, one-time links, sign-ins under way, and the audit log.

Of every secret only its SHA-256 is stored, of a password its argon2 hash: a copy of the database opens nothing.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint

from cloud_sink.store.schema import SLUG, metadata

_ID = String(32)
_HASH = String(64)
_NAME = String(200)
_ROLE = String(20)

users = Table(
    "users",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("role", _ROLE, nullable=False),
    Column("password", Text),  # argon2; empty for who signs in elsewhere, or has not followed the first link
    Column("issuer", String(300)),  # of OpenID Connect
    Column("subject", String(255)),
    Column("created", BigInteger, nullable=False),
    Column("disabled", Boolean, nullable=False),
    UniqueConstraint("tenant", "name"),
    Index("ix_users_subject", "tenant", "issuer", "subject", unique=True),
)
"""People. A name is unique within its tenant."""

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("name", _NAME, nullable=False),
    Column("role", _ROLE, nullable=False),
    Column("secret", _HASH, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("by", _NAME, nullable=False),
    Column("expires", BigInteger),
    Column("used", BigInteger),  # to within some minutes
    Index(None, "tenant"),
)
"""Programs. A revoked key is a deleted row; the audit log remembers it."""

sessions = Table(
    "sessions",
    metadata,
    Column("token", _HASH, primary_key=True),
    Column("user", _ID, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("seen", BigInteger, nullable=False),  # to within some minutes
    Index(None, "user"),
)
"""Browsers that are signed in."""

links = Table(
    "links",
    metadata,
    Column("token", _HASH, primary_key=True),
    Column("tenant", SLUG, nullable=False),  # '' when whoever opens it names it: the very first one
    Column("user", _ID),  # whose password it sets; empty for a first admin
    Column("expires", BigInteger, nullable=False),
    Index(None, "user"),
)
"""One-time links that set a password. A used one is gone."""

sign_ins = Table(
    "sign_ins",
    metadata,
    Column("state", _HASH, primary_key=True),
    Column("provider", SLUG, nullable=False),
    Column("nonce", _HASH, nullable=False),
    Column("verifier", String(128), nullable=False),
    Column("expires", BigInteger, nullable=False),
)
"""Sign-ins that are at their OpenID provider now."""

audit = Table(
    "audit",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", SLUG, nullable=False),  # '' where nobody was known
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
    Column("address", String(64), nullable=False),
    Column("action", String(200), nullable=False),  # method and route
    Column("target", String(500), nullable=False),  # path and query
    Column("status", Integer, nullable=False),
    Column("request", String(64), nullable=False),
    Column("what", String(500), nullable=False, server_default=""),  # what became of it, where the path does not say
    Index(None, "tenant", "at"),
)
"""Who read or changed what."""

"""Catalogues as people upload them, version after version."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from cloud_sink.store.schema import SLUG, metadata

catalogues = Table(
    "catalogues",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),  # our CSV
    Column("skus", Integer, nullable=False),
    Column("note", String(500), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
)
"""A version is never changed: the latest of a tenant holds."""

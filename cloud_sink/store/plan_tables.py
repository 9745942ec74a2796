"""Planograms as a brand draws them, version after version, and the fixtures they are assigned to."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Integer, String, Table, Text

from cloud_sink.store.schema import SLUG, metadata

planograms = Table(
    "planograms",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("name", SLUG, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("text", Text, nullable=False),  # our CSV
    Column("note", String(500), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
)
"""A version is never changed: what was planned on a day can be told for ever."""

assignments = Table(
    "planogram_assignments",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("fixture", SLUG, primary_key=True),
    Column("since", Date, primary_key=True),  # the first business day
    Column("name", SLUG, nullable=False),
    Column("version", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
)
"""Each holds until the next one of its fixture begins."""

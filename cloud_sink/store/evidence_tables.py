"""Photographs by their hash, and the room that they take."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table

from cloud_sink.store.schema import SLUG, counts, metadata

evidence = Table(
    "evidence",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("store", SLUG, nullable=False),
    Column("device", SLUG, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("state", String(10), nullable=False),  # coming, stored or going
)
"""With the device that sent each first. What they are kept by follows from a row, and a row from that
(`cloud_sink.evidence`)."""

evidence_use = Table("evidence_use", metadata, Column("tenant", SLUG, primary_key=True), *counts("bytes"))
"""How much room each tenant's photographs take: asked at every upload, and too long to add up then."""

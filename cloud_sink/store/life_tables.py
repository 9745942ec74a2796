"""What devices say of themselves beside events: the lives that they lead, and what became of their configurations."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from cloud_sink.store.schema import SLUG, metadata

lives = Table(
    "lives",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("device", SLUG, primary_key=True),
    Column("store", SLUG, nullable=False),  # where it spoke last
    Column("trail", Text, nullable=False),  # JSON: of each life boot, epoch, said and heard
    Column("conflicts", BigInteger, nullable=False, server_default="0"),  # of its numbers, since one was seen first
    Column("conflicted", BigInteger),  # when the last one came
)
"""Boots and epochs of each device in the order in which they were heard: a row is written when a device connects."""

clones = Table(
    "clones",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("device", SLUG, primary_key=True),
    Column("store", SLUG, nullable=False),
    Column("since", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),  # when both were heard last
    Column("mark", String(10), nullable=False),  # boot or epoch: what came back
    Column("cleared", BigInteger),
    Column("by", String(200)),  # who cleared it
)
"""Identities that were proven to be in two places. One that was revoked or given to a new board since is settled."""

configurations = Table(
    "configurations",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("device", SLUG, primary_key=True),
    Column("store", SLUG, nullable=False),
    Column("desired", String(64)),  # SHA-256 of the document that the broker keeps for it
    Column("desired_at", BigInteger),  # when it was heard first
    Column("reported", Text),  # JSON: a ConfigReport
    Column("reported_at", BigInteger),
)
"""What was desired of each device's configuration, and what it said to that; both as the broker keeps them."""

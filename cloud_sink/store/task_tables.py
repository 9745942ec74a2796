"""Tasks: what needs doing in a store, who does it, and whether the next capture shows that it was done."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, String, Table, text

from cloud_sink.store.schema import SKU, SLUG, metadata

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),
    Column("fixture", SLUG, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("sku", SKU, nullable=False),  # empty: of the whole fixture
    Column("state", String(10), nullable=False),
    Column("assigned", String(200), nullable=False),  # empty: nobody's yet
    Column("due", Date),
    Column("made", BigInteger, nullable=False),
    Column("moved", BigInteger, nullable=False),  # when its state changed last
    Index("ix_tasks_state", "tenant", "state", "due"),
    # Of what is not over there is one task: two people who make the same one share it.
    Index(
        "ux_tasks_open",
        "tenant",
        "store",
        "fixture",
        "kind",
        "sku",
        unique=True,
        sqlite_where=text("state NOT IN ('verified', 'dropped')"),
        postgresql_where=text("state NOT IN ('verified', 'dropped')"),
    ),
    sqlite_autoincrement=True,
)

steps = Table(
    "task_steps",
    metadata,
    Column("task", BigInteger, primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False),  # so that a store's deletion takes them along
    Column("state", String(10), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", String(250), nullable=False),
    Column("note", String(1000), nullable=False),
    Column("photograph", String(64)),  # SHA-256 of the representative's
    Column("capture", SLUG),  # that showed it
)
"""What became of a task, step by step; never changed."""

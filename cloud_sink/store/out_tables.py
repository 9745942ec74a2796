"""What goes out by itself: webhooks, the queue of what is under way, and alerts."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, String, Table, Text

from cloud_sink.store.schema import SLUG, metadata

_ID = String(32)

outlets = Table(
    "outlets",
    metadata,
    Column("id", _ID, primary_key=True),
    Column("kind", String(10), nullable=False),  # webhook; channel of alerts; or alerts: what their rules wait for
    Column("tenant", SLUG, nullable=False),  # '' for all
    Column("types", Text, nullable=False),  # JSON list of event types
    Column("url", Text, nullable=False),
    Column("secret", String(100), nullable=False),  # readable: it signs
    Column("created", BigInteger, nullable=False),
    Column("by", String(250), nullable=False),
    Column("disabled", Boolean, nullable=False),
    Column("trouble", Text, nullable=False),  # of the last try, '' when it was taken
    Column("failures", Integer, nullable=False, server_default="0"),  # tries in a row that failed
    Column("resumes", BigInteger, nullable=False, server_default="0"),  # nothing is tried before
)
"""Where new events go, beside the sums. A batch reads these, and enqueues what they want in its own transaction."""

outgoing = Table(
    "outgoing",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("outlet", _ID, nullable=False),
    Column("target", String(100), nullable=False),  # the message's id; of an alert the channel
    Column("tenant", SLUG, nullable=False),
    Column("store", SLUG, nullable=False, server_default=""),  # so that what is deleted of a store is not sent either
    Column("device", SLUG, nullable=False, server_default=""),
    Column("type", String(100), nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("queued", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False),
    Index(None, "outlet", "due"),
    sqlite_autoincrement=True,
)
"""What is under way; a delivered row is gone."""

alerts = Table(
    "alerts",
    metadata,
    Column("rule", SLUG, primary_key=True),
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("subject", String(200), primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("told", BigInteger),  # when its beginning was said; empty while it waits
    Column("over", BigInteger),  # since when it no longer holds
    Column("until", BigInteger),  # of what an event said: it holds until then, if nothing else is heard
    Column("text", Text, nullable=False),
)
"""Alerts that hold, are about to, or are not said to be over yet."""

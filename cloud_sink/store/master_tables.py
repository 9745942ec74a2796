"""What people tell the sink: stores, fixtures, contracts, promotions, and units sold and delivered.

Money and units are whole thousandths: they add up exactly, in every order and in both databases.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Float, Index, String, Table, Text

from cloud_sink.store.schema import SLUG, metadata

_LABEL = String(200)
_GTIN = String(14)

store_master = Table(
    "store_master",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("name", _LABEL, nullable=False),
    Column("zone", String(64), nullable=False),
    Column("opens", String(5), nullable=False),  # HH:MM
    Column("closes", String(5), nullable=False),
    Column("day_starts", String(5), nullable=False),
    Column("chain", _LABEL),
    Column("channel", _LABEL),
    Column("city", _LABEL),
    Column("store_class", _LABEL),
    Column("area_m2", Float),
    Column("representative", _LABEL),
    Column("gln", String(13)),
    Column("latitude", Float),
    Column("longitude", Float),
    Column("changed", BigInteger, nullable=False),
)
"""Master data of stores; in place of what the configuration says of the same store."""

fixture_master = Table(
    "fixture_master",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("fixture", SLUG, primary_key=True),
    Column("name", _LABEL),
    Column("kind", String(20), nullable=False),
    Column("own", Text, nullable=False),  # owners as JSON
    Column("changed", BigInteger, nullable=False),
)
"""Fixtures of stores; in place of what the configuration says of the same fixture."""

contracts = Table(
    "contracts",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("contract", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("fixture", SLUG, primary_key=True),  # '' for anywhere in the store
    Column("brand", _LABEL, primary_key=True),  # a brand, or an owner of brands
    Column("side", String(10), nullable=False),  # own or competitor
    Column("facings", BigInteger, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("fee_milli", BigInteger),  # a month
    Column("currency", String(3)),
    Index(None, "tenant", "store"),
)
"""Shelf space that was paid for."""

promotions = Table(
    "promotions",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("promotion", SLUG, primary_key=True),
    Column("store", SLUG, primary_key=True),
    Column("gtin", _GTIN, primary_key=True),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    Column("cost_milli", BigInteger),  # of this store and product
    Column("margin_milli", BigInteger),  # of a unit
)
"""Which products were promoted in which stores, and when."""

units = Table(
    "units",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("kind", String(10), primary_key=True),  # sales or deliveries
    Column("store", SLUG, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("gtin", _GTIN, primary_key=True),  # filled up to 14 digits
    Column("line", SLUG, primary_key=True),  # tells lines of one product and day apart; '' where there is one
    Column("units_milli", BigInteger, nullable=False),
    Column("amount_milli", BigInteger),
    Column("file", String(64), nullable=False),  # SHA-256 of the file that said so last
    sqlite_with_rowid=False,
)
"""Units sold and delivered, by the files that were imported; products are matched when they are read."""

imports = Table(
    "imports",
    metadata,
    Column("tenant", SLUG, primary_key=True),
    Column("kind", String(20), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", String(200), nullable=False),
    Column("lines", BigInteger, nullable=False),
)
"""Files that were imported: the same file again changes nothing."""

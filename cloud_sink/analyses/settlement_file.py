"""A settlement as one file that both sides can check with nothing but `unzip` and `sha256sum`.

The same bytes from the same facts, whoever makes it: `lines.csv`, `days.csv`, `products.csv`, `RULES.txt`, and
`SHA256SUMS` over these four, whose own SHA-256 is the settlement's. Photographs lie in `photographs/`, each named by
its SHA-256, as far as they are kept; with them or without, the four files and their sums are the same.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from datetime import UTC, datetime
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from cloud_sink.analyses.settlement_model import DisplayLine, Settlement
    from edge.contract.catalogue import Sku

SUMS = "SHA256SUMS"
_BEGIN = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP can tell: when it was made is no part of it."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_LINE = ("store", "fixture", "side", "brand", "paid_facings")
_TOTALS = (
    *("days_in_force", "days_seen", "days_stood", "days_short", "days_unclear", "completeness"),
    *("attained", "attained_at_most", "fee", "due", "due_at_most", "currency", "too_little"),
)
_DAY = (
    *("day", "state", "captures", "kept", "due", "facings", "unsure", "corrected"),
    *("device", "event", "at", "photograph"),
)
_PLACES = {"facings": 3, "unsure": 3, "fee": 3, "due": 2, "due_at_most": 2}
_SHARE = 6


def documents(settlement: Settlement, products: Mapping[str, Sku]) -> dict[str, bytes]:
    """The files of a settlement by name, `SHA256SUMS` the last."""
    found = {
        "RULES.txt": _rules(settlement),
        "days.csv": _table((*_LINE, *_DAY), (_day_rows(line) for line in settlement.lines)),
        "lines.csv": _table(
            ("contract", "month", *_LINE, *_TOTALS), ([_line_row(settlement, line)] for line in settlement.lines)
        ),
        "products.csv": _table(
            ("brand", "sku", "gtin", "name", "brand_on_pack", "owner"),
            (_product_rows(brand, skus, products) for brand, skus in _brands(settlement)),
        ),
    }
    sums = "".join(f"{hashlib.sha256(data).hexdigest()}  {name}\n" for name, data in sorted(found.items()))
    return {**found, SUMS: sums.encode()}


def seal(settlement: Settlement, products: Mapping[str, Sku]) -> str:
    """The SHA-256 of its sums."""
    return hashlib.sha256(documents(settlement, products)[SUMS]).hexdigest()


def write(
    file: IO[bytes],
    settlement: Settlement,
    products: Mapping[str, Sku],
    photograph: Callable[[str], bytes | None] | None = None,
) -> int:
    """Write the file.

    Args:
        file: where.
        settlement: what.
        products: the catalogues' SKUs.
        photograph: the bytes of a photograph by its SHA-256, or None for one that is not kept; without it none go in.

    Returns:
        How many photographs are in it.
    """
    there = 0
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as made:  # packed bytes would depend on who packs them
        for name, data in documents(settlement, products).items():
            made.writestr(_entry(name), data)
        named = {day.photograph for line in settlement.lines for day in line.days if day.photograph}
        for sha256 in sorted(named) if photograph else ():
            content = photograph(sha256) if photograph else None
            if content is not None:
                made.writestr(_entry(f"photographs/{sha256}.jpg"), content)
                there += 1
    return there


def _entry(name: str) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _BEGIN)
    entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on every machine
    return entry


def _rules(settlement: Settlement) -> bytes:
    state = "final" if settlement.final else "not over yet: figures will move"
    head = [f"Display settlement: contract {settlement.contract}, {settlement.month} ({state})", ""]
    rules = [f"{number}. {rule}" for number, rule in enumerate(settlement.rules, start=1)]
    check = ["", f"To check: run `sha256sum -c {SUMS}`, and compare the SHA-256 of {SUMS} with the other side's."]
    return "\n".join([*head, *rules, *check, ""]).encode()


def _brands(settlement: Settlement) -> list[tuple[str, list[str]]]:
    return sorted({line.brand: line.skus for line in settlement.lines}.items())


def _product_rows(brand: str, skus: Iterable[str], products: Mapping[str, Sku]) -> Iterable[list[str]]:
    for sku in skus:
        one = products[sku]
        yield [_cell("", word) for word in (brand, sku, one.gtin, one.name, one.brand, one.owner)]


def _day_rows(line: DisplayLine) -> Iterable[list[str]]:
    head = [_cell(name, getattr(line, name)) for name in _LINE]
    for day in line.days:
        yield [*head, *(_cell(name, getattr(day, name)) for name in _DAY)]


def _line_row(settlement: Settlement, line: DisplayLine) -> list[str]:
    return [settlement.contract, settlement.month, *(_cell(name, getattr(line, name)) for name in (*_LINE, *_TOTALS))]


def _cell(name: str, value: object) -> str:
    """As it is printed: unknown is empty, shares have six decimals, and no text is a formula to a spreadsheet."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{_PLACES.get(name, _SHARE)}f}"
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _table(columns: Iterable[str], groups: Iterable[Iterable[list[str]]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(columns)
    for group in groups:
        writer.writerows(group)
    return out.getvalue().encode()

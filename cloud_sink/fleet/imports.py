"""Importing what people tell: master data, contracts, promotions, units. All of a file or nothing of it, once."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from cloud_sink.fleet.lines import (
    ContractLine,
    Fault,
    FixtureLine,
    Line,
    PromotionLine,
    StoreLine,
    UnitsLine,
    read_lines,
)
from cloud_sink.fleet.products import by_gtin
from cloud_sink.store import master, units
from cloud_sink.store.database import reading, writing
from cloud_sink.store.moments import from_ms

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime
    from decimal import Decimal

    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database, Transaction
    from edge.contract.catalogue import Sku

Kind = Literal["stores", "fixtures", "contracts", "promotions", "sales", "deliveries"]
KINDS: tuple[Kind, ...] = get_args(Kind)

MODELS: dict[Kind, type[Line]] = {
    "stores": StoreLine,
    "fixtures": FixtureLine,
    "contracts": ContractLine,
    "promotions": PromotionLine,
    "sales": UnitsLine,
    "deliveries": UnitsLine,
}
_KEYS: dict[Kind, tuple[str, ...]] = {
    "stores": ("store",),
    "fixtures": ("store", "fixture"),
    "contracts": ("contract", "store", "fixture", "brand"),
    "promotions": ("promotion", "store", "gtin"),
    "sales": ("store", "date", "gtin", "line"),
    "deliveries": ("store", "date", "gtin", "line"),
}


class Unmatched(BaseModel):
    """Lines that nothing here matches: kept, and counted in no figure until a catalogue or a store is there."""

    model_config = ConfigDict(frozen=True)

    what: Literal["gtin", "store"]
    value: str
    lines: int
    first_line: int


class ImportReport(BaseModel):
    """What became of a file."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    file: str
    sha256: str
    lines: int = Field(description="good lines")
    unchanged: int = Field(0, description="of them, lines that were there word for word; of files of units")
    repeated: bool = Field(False, description="the same file was imported before: nothing was done")
    repeated_at: str | None = None
    dry_run: bool = False
    unmatched: list[Unmatched] = []
    faults: list[Fault] = Field([], description="with any of them nothing is imported")


def import_file(
    engine: Database,
    stores: StoreBook,
    products: Mapping[str, Sku],
    *,
    tenant: str,
    kind: Kind,
    name: str,
    data: bytes,
    by: str,
    now: datetime,
    dry_run: bool = False,
) -> ImportReport:
    """Import a file, or say what would become of it.

    A line with the key of one that is there takes its place; the same file again changes nothing.

    Args:
        engine: the database.
        stores: master data, for stores that are named by their GLN and for those nobody knows.
        products: the catalogues' SKUs, for GTINs that are in none.
        tenant: whose data.
        kind: what the file holds.
        name: of the file, for people.
        data: its bytes.
        by: who imports it.
        now: aware.
        dry_run: change nothing.

    Raises:
        DatabaseAway: nothing was imported.
    """
    sha256 = hashlib.sha256(data).hexdigest()
    report = ImportReport(kind=kind, file=name, sha256=sha256, lines=0, dry_run=dry_run)
    with reading(engine) as connection:
        before = master.imported_at(connection, tenant, kind, sha256)
    if before is not None:
        return report.model_copy(update={"repeated": True, "repeated_at": from_ms(before).isoformat()})
    read = read_lines(data, MODELS[kind])
    lines = [(number, _by_id(line, stores, tenant)) for number, line in read.lines]
    faults = [*read.faults, *_doubled(lines, kind)]
    unmatched = [*_unknown_gtins(lines, products), *_unknown_stores(lines, stores, tenant, kind)]
    report = report.model_copy(update={"lines": len(lines), "faults": faults, "unmatched": unmatched})
    if faults:
        return report
    rows = [_ROWS[kind](line, tenant, kind, sha256) for _, line in lines]
    if dry_run:
        with reading(engine) as connection:
            return report.model_copy(update={"unchanged": _unchanged(connection, kind, rows)})
    with writing(engine) as connection:
        unchanged = _unchanged(connection, kind, rows)
        _put(connection, kind, rows, now)
        master.note_import(
            connection, tenant=tenant, kind=kind, sha256=sha256, name=name, at=now, by=by, lines=len(rows)
        )
    return report.model_copy(update={"unchanged": unchanged})


def _by_id(line: Any, stores: StoreBook, tenant: str) -> Any:
    """The line with the id of its store where it says the GLN."""
    if len(line.store) != _GLN or not line.store.isdigit() or stores.find(tenant, line.store):
        return line
    found = next((one.id for one in stores.described if one.tenant == tenant and one.gln == line.store), None)
    return line.model_copy(update={"store": found}) if found else line


_GLN = 13


def _doubled(lines: Iterable[tuple[int, Any]], kind: Kind) -> list[Fault]:
    seen: dict[tuple[Any, ...], int] = {}
    faults = []
    for number, line in lines:
        key = tuple(getattr(line, name) for name in _KEYS[kind])
        if key in seen:
            mend = "; a column `line` tells lines of one product and day apart" if "line" in _KEYS[kind] else ""
            said = f"says again what line {seen[key]} says of the same {', '.join(_KEYS[kind])}{mend}"
            faults.append(Fault(line=number, column=None, said=said))
        seen.setdefault(key, number)
    return faults


def _unknown_gtins(lines: Iterable[tuple[int, Any]], products: Mapping[str, Sku]) -> list[Unmatched]:
    known = by_gtin(products)
    return _unmatched(
        "gtin", [(n, line.gtin) for n, line in lines if getattr(line, "gtin", None) and line.gtin not in known]
    )


def _unknown_stores(lines: Iterable[tuple[int, Any]], stores: StoreBook, tenant: str, kind: Kind) -> list[Unmatched]:
    if kind == "stores":
        return []
    return _unmatched("store", [(n, line.store) for n, line in lines if stores.find(tenant, line.store) is None])


def _unmatched(what: Literal["gtin", "store"], named: Sequence[tuple[int, str]]) -> list[Unmatched]:
    gathered: dict[str, list[int]] = {}
    for number, value in named:
        gathered.setdefault(value, []).append(number)
    return [Unmatched(what=what, value=value, lines=len(all_), first_line=all_[0]) for value, all_ in gathered.items()]


def _unchanged(connection: Transaction, kind: Kind, rows: Sequence[dict[str, Any]]) -> int:
    return units.unchanged(connection, rows) if kind in {"sales", "deliveries"} else 0


def _put(connection: Transaction, kind: Kind, rows: Sequence[dict[str, Any]], now: datetime) -> None:
    match kind:
        case "stores":
            master.put_stores(connection, rows, now)
        case "fixtures":
            master.put_fixtures(connection, rows, now)
        case "contracts":
            master.put_contracts(connection, rows)
        case "promotions":
            master.put_promotions(connection, rows)
        case _:
            units.put_units(connection, rows)


def _milli(value: Decimal | None) -> int | None:
    return None if value is None else int(value * master.MILLI)


def _store_row(line: Any, tenant: str, _kind: Kind, _file: str) -> dict[str, Any]:
    clocks = {name: f"{getattr(line, name):%H:%M}" for name in ("opens", "closes", "day_starts")}
    return {"tenant": tenant, **line.model_dump(), **clocks}


def _fixture_row(line: Any, tenant: str, _kind: Kind, _file: str) -> dict[str, Any]:
    return {"tenant": tenant, **line.model_dump(), "own": list(line.own)}


def _contract_row(line: Any, tenant: str, _kind: Kind, _file: str) -> dict[str, Any]:
    told = line.model_dump(exclude={"fee"})
    return {"tenant": tenant, **told, "fixture": line.fixture or "", "fee_milli": _milli(line.fee)}


def _promotion_row(line: Any, tenant: str, _kind: Kind, _file: str) -> dict[str, Any]:
    told = line.model_dump(exclude={"cost", "margin"})
    return {"tenant": tenant, **told, "cost_milli": _milli(line.cost), "margin_milli": _milli(line.margin)}


def _units_row(line: Any, tenant: str, kind: Kind, file: str) -> dict[str, Any]:
    return {
        "tenant": tenant,
        "kind": kind,
        "store": line.store,
        "day": line.date,
        "gtin": line.gtin,
        "line": line.line,
        "units_milli": _milli(line.units),
        "amount_milli": _milli(line.amount),
        "file": file,
    }


_ROWS: dict[Kind, Callable[[Any, str, Kind, str], dict[str, Any]]] = {
    "stores": _store_row,
    "fixtures": _fixture_row,
    "contracts": _contract_row,
    "promotions": _promotion_row,
    "sales": _units_row,
    "deliveries": _units_row,
}

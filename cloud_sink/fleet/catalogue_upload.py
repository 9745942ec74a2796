"""A catalogue as somebody uploads it, a CSV: read, all that is wrong told by line, and compared with what holds."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from cloud_sink.fleet.lines import Fault, Line, checked_gtin, columns, read_lines
from edge.contract.catalogue import Label, LifeCycle, Package, Sku
from edge.contract.names import SkuId  # noqa: TC001 - pydantic reads it

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MAX_BYTES = 4 * 1024 * 1024
"""Some 40,000 products."""


class CatalogueLine(Line):
    """A product; what a file leaves out stays empty."""

    sku: SkuId
    name: Label
    brand: Label
    owner: Label
    package: Package = "other"
    category: Label = "other"
    gtin: Annotated[str, AfterValidator(checked_gtin)] | None = None
    life_cycle: LifeCycle = Field("active")


@dataclass(frozen=True, slots=True)
class Upload:
    """What is read of a file: with faults, no products."""

    skus: tuple[Sku, ...]
    faults: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A product that a catalogue adds, changes or leaves out."""

    sku: str
    before: Sku | None
    after: Sku | None

    @property
    def what(self) -> Literal["added", "changed", "removed"]:
        """What becomes of it."""
        return "added" if self.before is None else "removed" if self.after is None else "changed"

    @property
    def fields(self) -> tuple[str, ...]:
        """What of it changes; empty for one that is new or left out."""
        if self.before is None or self.after is None:
            return ()
        return tuple(name for name in _COMPARED if getattr(self.before, name) != getattr(self.after, name))


_COMPARED = ("name", "brand", "owner", "package", "category", "gtin", "life_cycle")
COLUMNS = columns(CatalogueLine)


def read_catalogue(data: bytes) -> Upload:
    """Read an uploaded catalogue; a SKU or a GTIN that stands twice is a fault."""
    if len(data) > MAX_BYTES:
        said = f"the file has {len(data)} bytes; a catalogue has at most {MAX_BYTES}"
        return Upload((), (Fault(line=1, column=None, said=said),))
    read = read_lines(data, CatalogueLine)
    faults = [*read.faults, *_doubled(read.lines)]
    if faults:
        return Upload((), tuple(sorted(faults, key=lambda one: one.line)))
    return Upload(tuple(_sku(line) for _, line in read.lines), ())


def write_catalogue(skus: Iterable[Sku]) -> str:
    """Products as our CSV, in the order of their ids; read again it gives the same."""
    text = io.StringIO()
    table = csv.writer(text, lineterminator="\n")
    table.writerow(COLUMNS)
    for sku in sorted(skus, key=lambda one: one.id):
        table.writerow([sku.id, *(getattr(sku, name) or "" for name in _COMPARED)])
    return text.getvalue()


def changes(before: Mapping[str, Sku], after: Mapping[str, Sku]) -> list[Change]:
    """How one catalogue differs from another, in the order of ids."""
    both = [Change(sku, before.get(sku), after.get(sku)) for sku in sorted(before.keys() | after.keys())]
    return [one for one in both if one.before is None or one.after is None or one.fields]


def _doubled(lines: Sequence[tuple[int, CatalogueLine]]) -> list[Fault]:
    faults, seen = [], dict[tuple[str, str], int]()
    for number, line in lines:
        told = {"sku": line.sku} | ({"gtin": line.gtin.zfill(14)} if line.gtin else {})
        for column, value in told.items():
            first = seen.setdefault((column, value), number)
            if first != number:
                faults.append(Fault(line=number, column=column, said=f"{value!r}: stands on line {first} already"))
    return faults


def _sku(line: CatalogueLine) -> Sku:
    return Sku(id=line.sku, **{name: getattr(line, name) for name in _COMPARED})

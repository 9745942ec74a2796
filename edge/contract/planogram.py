"""Planograms: which SKU stands where, with how many facings. Shelves count from the bottom, positions from the left."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.contract.errors import PlanogramError
from edge.contract.names import SkuId

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REQUIRED = ("shelf", "position", "sku", "facings")
OPTIONAL = ("width_mm",)
MAX_BYTES = 4 * 1024 * 1024


class Slot(BaseModel):
    """One place of the plan: a SKU with its facings side by side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shelf: Annotated[int, Field(ge=1, le=50)]
    position: Annotated[int, Field(ge=1, le=500)]
    sku: SkuId
    facings: Annotated[int, Field(ge=1, le=200)]
    width_mm: Annotated[float, Field(gt=0, le=5000, allow_inf_nan=False)] | None = None


class Planogram(BaseModel):
    """The plan of one fixture, its slots in order of shelf and position."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=200)]
    slots: Annotated[tuple[Slot, ...], Field(min_length=1, max_length=5000)]

    @model_validator(mode="after")
    def _places_once(self) -> Planogram:
        seen: set[tuple[int, int]] = set()
        for slot in self.slots:
            place = (slot.shelf, slot.position)
            if place in seen:
                raise ValueError(f"shelf {slot.shelf} position {slot.position} is planned twice")
            seen.add(place)
        return self

    @property
    def facings_by_sku(self) -> dict[str, int]:
        """Planned facings of each SKU over the whole fixture."""
        planned: dict[str, int] = {}
        for slot in self.slots:
            planned[slot.sku] = planned.get(slot.sku, 0) + slot.facings
        return planned


def read_planogram(path: Path) -> Planogram:
    """Read our CSV: `shelf,position,sku,facings[,width_mm]` with a header line, UTF-8.

    Raises:
        PlanogramError: naming file, line and column, and the mend.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanogramError(f"{path}: {error.strerror or error}", "give the path of a planogram CSV") from None
    if len(data) > MAX_BYTES:
        raise PlanogramError(f"{path}: {len(data)} bytes", f"a planogram has at most {MAX_BYTES} bytes")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanogramError(f"{path}: byte {error.start} is not UTF-8", "save the file as UTF-8") from None
    return parse_planogram(text, name=str(path), plan_id=path.stem)


def parse_planogram(text: str, *, name: str, plan_id: str) -> Planogram:
    """Parse the text of our CSV; `name` stands in errors, `plan_id` becomes the planogram's id.

    Raises:
        PlanogramError: naming file, line and column, and the mend.
    """
    reader = csv.reader(io.StringIO(text))
    header = [cell.strip() for cell in next(reader, [])]
    _check_header(header, name)
    slots: dict[tuple[int, int], tuple[Slot, int]] = {}
    for row in reader:
        if not any(cell.strip() for cell in row):
            continue
        slot = _read_slot(dict(zip(header, (cell.strip() for cell in row), strict=False)), name, reader.line_num)
        place = (slot.shelf, slot.position)
        if place in slots:
            raise PlanogramError(
                f"{name}: line {reader.line_num}: shelf {slot.shelf} position {slot.position} is planned twice",
                f"line {slots[place][1]} has it already; give one of the two another position",
            )
        slots[place] = (slot, reader.line_num)
    if not slots:
        raise PlanogramError(f"{name}: no slots", "write one line for each place: shelf,position,sku,facings")
    return Planogram(id=plan_id, slots=tuple(slots[place][0] for place in sorted(slots)))


def _check_header(header: Sequence[str], name: str) -> None:
    mend = f"the header is {','.join(REQUIRED)}[,{','.join(OPTIONAL)}]"
    for column in REQUIRED:
        if column not in header:
            raise PlanogramError(f"{name}: line 1: column {column} is missing", mend)
    for column in header:
        if column not in (*REQUIRED, *OPTIONAL):
            raise PlanogramError(f"{name}: line 1: unknown column {column!r}", mend)
    if len(set(header)) != len(header):
        raise PlanogramError(f"{name}: line 1: a column stands twice", mend)


def _read_slot(cells: dict[str, str], name: str, line: int) -> Slot:
    try:
        return Slot.model_validate({column: value for column, value in cells.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = first["loc"][0] if first["loc"] else "row"
        value = cells.get(str(column), "")
        said = "is empty" if not value else f"is {value!r}: {first['msg'].lower()}"
        raise PlanogramError(
            f"{name}: line {line}: column {column} {said}", "shelf and position count from 1; facings are at least 1"
        ) from None

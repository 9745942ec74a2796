"""Planograms: which SKU stands where, with how many facings. Shelves count from the bottom, positions from the left."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from edge.contract.errors import PlanogramError
from edge.contract.names import SkuId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

REQUIRED = ("shelf", "position", "sku", "facings")
OPTIONAL = ("width_mm",)
MAX_BYTES = 4 * 1024 * 1024
MAX_SLOTS = 5000
MAX_POSITION = 500
MAX_ID = 200
PTS = "共通棚割情報"
"""What a PTS file begins with; it is another format."""


class Slot(BaseModel):
    """One place of the plan: a SKU with its facings side by side."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    shelf: Annotated[int, Field(ge=1, le=50)]
    position: Annotated[int, Field(ge=1, le=MAX_POSITION)]
    sku: SkuId
    facings: Annotated[int, Field(ge=1, le=200)]
    width_mm: Annotated[float, Field(gt=0, le=5000, allow_inf_nan=False)] | None = None


class Planogram(BaseModel):
    """The plan of one fixture, its slots in order of shelf and position."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(min_length=1, max_length=MAX_ID)]
    slots: Annotated[tuple[Slot, ...], Field(min_length=1, max_length=MAX_SLOTS)]

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
        raise PlanogramError(
            f"{path}: byte {error.start} is not UTF-8",
            "save the file as UTF-8; a PTS file is imported first: edge planogram import",
        ) from None
    return parse_planogram(text, name=str(path), plan_id=path.stem[:MAX_ID])


def parse_planogram(text: str, *, name: str, plan_id: str) -> Planogram:
    """Parse the text of our CSV; `name` stands in errors, `plan_id` becomes the planogram's id.

    Raises:
        PlanogramError: naming file, line and column, and the mend.
    """
    slots: list[Slot] = []
    for read in _read(text, name):
        if isinstance(read, PlanogramError):
            raise read
        slots.append(read)
    return Planogram(id=plan_id, slots=tuple(sorted(slots, key=_place)))


def faults_of(text: str, *, name: str) -> list[PlanogramError]:
    """All that `parse_planogram` would find wrong, in the order of the lines; empty for a good planogram."""
    return [read for read in _read(text, name) if isinstance(read, PlanogramError)]


def write_planogram(plan: Planogram) -> str:
    """The planogram as our CSV; widths only where one is known."""
    columns = (*REQUIRED, *OPTIONAL) if any(slot.width_mm is not None for slot in plan.slots) else REQUIRED
    text = io.StringIO()
    table = csv.DictWriter(text, columns, lineterminator="\n", extrasaction="ignore")
    table.writeheader()
    table.writerows({**slot.model_dump(), "width_mm": _plain(slot.width_mm)} for slot in plan.slots)
    return text.getvalue()


def _plain(width: float | None) -> str:
    return "" if width is None else f"{width:.10g}"


def _read(text: str, name: str) -> Iterator[Slot | PlanogramError]:
    """The places of our CSV, and in the place of each that cannot be read, or of the whole, what is wrong."""
    if text.startswith(PTS):
        yield PlanogramError(f"{name}: is a PTS file", "import it first: edge planogram import")
        return
    reader = csv.reader(io.StringIO(text, newline=None))
    lines: dict[tuple[int, int], int] = {}
    rows = 0
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, name)
        for row in reader:
            if not any(cell.strip() for cell in row):
                continue
            rows += 1
            if rows > MAX_SLOTS:
                yield PlanogramError(f"{name}: more than {MAX_SLOTS} slots", f"a planogram has at most {MAX_SLOTS}")
                return
            yield _read_row(
                dict(zip(header, (cell.strip() for cell in row), strict=False)), name, reader.line_num, lines
            )
    except csv.Error as error:
        yield PlanogramError(f"{name}: line {reader.line_num}: {error}", "save the file as plain CSV")
    except PlanogramError as error:
        yield error
    else:
        if not rows:
            yield PlanogramError(f"{name}: no slots", "write one line for each place: shelf,position,sku,facings")


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


def _read_row(cells: dict[str, str], name: str, line: int, lines: dict[tuple[int, int], int]) -> Slot | PlanogramError:
    """One line; `lines` has the lines of the places before, and gets this one's."""
    where = f"{name}: line {line}"
    try:
        slot = Slot.model_validate({column: value for column, value in cells.items() if value})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        column = first["loc"][0] if first["loc"] else "row"
        value = cells.get(str(column), "")
        said = "is empty" if not value else f"is {value!r}: {first['msg'].lower()}"
        return PlanogramError(
            f"{where}: column {column} {said}", "shelf and position count from 1; facings are at least 1"
        )
    if (before := lines.setdefault(_place(slot), line)) != line:
        return PlanogramError(
            f"{where}: shelf {slot.shelf} position {slot.position} is planned twice",
            f"line {before} has it already; give one of the two another position",
        )
    return slot


def _place(slot: Slot) -> tuple[int, int]:
    return slot.shelf, slot.position

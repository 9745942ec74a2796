"""Planograms in PTS, the Planogram Transfer Specifications of the Japanese space planning vendors (V1.0, V2.0, V3.0).

A CSV file, in Shift_JIS or UTF-8, of sections with a header line each: V1.0 has the placement only, V2.0 adds the sizes
of bays and shelves, V3.0 units stacked on or behind another product. Bays and positions count from the left, shelves
from the bottom. Columns are found by their names, so that what a version or a vendor adds is passed over.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import TypeAdapter, ValidationError

from edge.contract.catalogue import GTIN_LENGTHS, gtin_check_digit
from edge.contract.errors import PlanogramError
from edge.contract.names import SkuId
from edge.contract.planogram import MAX_BYTES, MAX_POSITION, MAX_SLOTS, PTS, Planogram, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

VERSION = re.compile(r"^V?([123])(\.\d)?$")

NAMES = {
    "bay": ("棚台番号", "台番号"),
    "shelf": ("棚段番号", "段番号"),
    "position": ("棚位置", "棚位置番号"),
    "code": ("商品コード", "JANコード", "JAN"),
    "facings": ("フェース数", "フェイス数"),
    "height": ("棚高さ", "棚高"),
}
"""Columns that are read, by the names that vendors write over them."""

PLACEMENT = ("bay", "shelf", "position", "code", "facings")
LARGEST = {"bay": 999, "shelf": 50, "position": 999, "facings": 200}
SAME_HEIGHT = 0.3
"""Shelves of two bays stand in one line up to this difference, in distances from shelf to shelf."""

_SKU_ID: TypeAdapter[str] = TypeAdapter(SkuId)


@dataclass(frozen=True, slots=True)
class PtsPlace:
    """One line of the placement section: a product with its facings side by side."""

    line: int
    bay: int
    shelf: int
    position: int
    code: str
    facings: int


@dataclass(frozen=True, slots=True)
class PtsFile:
    """What is read of a file."""

    version: int
    places: tuple[PtsPlace, ...]  # as they stand in the file
    heights: Mapping[tuple[int, int], float | None] = field(default_factory=dict)  # mm by bay and shelf; V2.0, V3.0
    code_column: str = NAMES["code"][0]


@dataclass(frozen=True, slots=True)
class Imported:
    """A planogram, and what a person should know of the way it was made."""

    plan: Planogram
    notes: tuple[str, ...] = ()


def read_pts(path: Path) -> PtsFile:
    """Read a PTS file.

    Raises:
        PlanogramError: naming file, line and column, and the mend.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PlanogramError(f"{path}: {error.strerror or error}", "give the path of a PTS file") from None
    if len(data) > MAX_BYTES:
        raise PlanogramError(f"{path}: {len(data)} bytes", f"a planogram has at most {MAX_BYTES} bytes")
    return parse_pts(decode_pts(data, name=str(path)), name=str(path))


def decode_pts(data: bytes, *, name: str) -> str:
    """The text of a PTS file.

    Raises:
        PlanogramError: in neither of the two encodings such files come in.
    """
    for encoding in ("utf-8-sig", "cp932"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise PlanogramError(f"{name}: is neither UTF-8 nor Shift_JIS", "export it again as PTS")


def parse_pts(text: str, *, name: str) -> PtsFile:
    """Parse the text of a PTS file; `name` stands in errors.

    Raises:
        PlanogramError: naming file, line and column, and the mend.
    """
    rows = _rows(text, name)
    version = _version(next(rows, (1, [])), name)
    places: list[PtsPlace] = []
    heights: dict[tuple[int, int], float | None] = {}
    columns: dict[str, int] = {}
    header: list[str] = []
    code_column = ""
    for line, cells in rows:
        if _columns(cells) or not any(cell.isdigit() for cell in cells):  # a header, or the comment after line 1
            columns, header = _columns(cells), cells
            if "code" in columns or "facings" in columns:
                _all_there(columns, name, line)
                code_column = cells[columns["code"]]
            continue
        row = _Row(name, line, cells, columns, header)
        if "code" in columns:
            places.append(_place(row))
        elif {"shelf", "height"} <= set(columns):
            heights[row.count("bay"), row.count("shelf")] = row.millimetres("height")
    if not code_column:
        names = ", ".join(NAMES[column][0] for column in PLACEMENT)
        raise PlanogramError(f"{name}: no placement section", f"it begins with a header line of {names}")
    if not places:
        raise PlanogramError(f"{name}: the placement section has no lines", "export a planogram with products")
    return PtsFile(version, tuple(places), heights, code_column)


def plan_from_pts(
    pts: PtsFile, *, name: str, plan_id: str, sku_of: Mapping[str, str] | None = None, skus: Sequence[str] = ()
) -> Imported:
    """Make a planogram: bays side by side become one row of positions on each shelf.

    Args:
        pts: the file as read.
        name: of the file, for errors.
        plan_id: the planogram's id.
        sku_of: SKU of each GTIN of a catalogue, written with 14 digits. None: codes are taken for SKUs.
        skus: SKUs of the catalogue, since a file may carry these instead of GTINs.

    Raises:
        PlanogramError: two products on one place, a shelf without its size, a code with a wrong check digit or one that
            the catalogue does not know; naming file, line and column, and the mend.
    """
    first: dict[tuple[int, int, int], PtsPlace] = {}
    behind = 0
    for place in pts.places:
        key = (place.shelf, place.bay, place.position)
        if key not in first:
            first[key] = place
        elif pts.version >= 3:  # noqa: PLR2004 - the version that lets products stand on and behind others
            behind += 1
        else:
            raise PlanogramError(
                f"{name}: line {place.line}: bay {place.bay} shelf {place.shelf} position {place.position} is planned"
                " twice",
                f"line {first[key].line} has it already; give one of the two another position",
            )
    _sizes_known(pts, name)
    slots: list[Slot] = []
    for key in sorted(first):
        place = first[key]
        position = slots[-1].position + 1 if slots and slots[-1].shelf == place.shelf else 1
        sku = _sku(place, pts, name=name, sku_of=sku_of, skus=frozenset(skus))
        if position > MAX_POSITION:
            raise PlanogramError(
                f"{name}: line {place.line}: shelf {place.shelf} has too many positions", f"at most {MAX_POSITION}"
            )
        slots.append(Slot(shelf=place.shelf, position=position, sku=sku, facings=place.facings))
    if len(slots) > MAX_SLOTS:
        raise PlanogramError(f"{name}: {len(slots)} places", f"a planogram has at most {MAX_SLOTS}")
    notes = [f"{behind} products stand on or behind others and are no facings"] if behind else []
    return Imported(Planogram(id=plan_id, slots=tuple(slots)), (*notes, *_uneven(pts)))


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Number and cells of each line that is not empty, full-width letters made ordinary ones."""
    reader = csv.reader(io.StringIO(text, newline=None))
    try:
        for row in reader:
            cells = [unicodedata.normalize("NFKC", cell).strip() for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as error:
        raise PlanogramError(f"{name}: line {reader.line_num}: {error}", "export it again as PTS") from None


def _version(first: tuple[int, list[str]], name: str) -> int:
    line, cells = first
    if not cells or cells[0] != PTS:
        raise PlanogramError(
            f"{name}: line {line}: column 1 is not {PTS}: this is no PTS file",
            "our own CSV needs no import: edge planogram check",
        )
    said = cells[1].upper() if len(cells) > 1 else ""
    match = VERSION.match(said)
    if match is None:
        raise PlanogramError(f"{name}: line {line}: column 2: version {said!r} is not known", "V1.0, V2.0 or V3.0")
    return int(match[1])


def _columns(cells: Sequence[str]) -> dict[str, int]:
    """Where each known column stands."""
    return {
        column: cells.index(written) for column, names in NAMES.items() for written in names[::-1] if written in cells
    }


def _all_there(columns: Mapping[str, int], name: str, line: int) -> None:
    for column in PLACEMENT:
        if column not in columns:
            names = ",".join(NAMES[known][0] for known in PLACEMENT)
            raise PlanogramError(
                f"{name}: line {line}: column {NAMES[column][0]} ({column}) is missing", f"the header has {names}"
            )


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of a section."""

    name: str
    line: int
    cells: Sequence[str]
    columns: Mapping[str, int]
    header: Sequence[str]

    def text(self, column: str) -> str:
        at = self.columns.get(column)
        return "" if at is None or at >= len(self.cells) else self.cells[at]

    def count(self, column: str) -> int:
        said = self.text(column)
        if said.isascii() and said.isdigit() and 1 <= int(said[:9]) <= LARGEST[column] and len(said) <= 9:  # noqa: PLR2004 - digits that are a number, not a slip
            return int(said)
        raise self.wrong(column, f"a whole number from 1 to {LARGEST[column]}")

    def millimetres(self, column: str) -> float | None:
        said = self.text(column)
        if not said:
            return None
        if re.fullmatch(r"\d{1,6}(\.\d{1,6})?", said, re.ASCII):
            return float(said)
        raise self.wrong(column, "a height in millimetres")

    def wrong(self, column: str, mend: str) -> PlanogramError:
        at = self.columns.get(column)
        written = self.header[at] if at is not None else NAMES[column][0]
        said = self.text(column)
        told = "is empty" if not said else f"is {said[:40]!r}"
        return PlanogramError(f"{self.name}: line {self.line}: column {written} ({column}) {told}", mend)


def _place(row: _Row) -> PtsPlace:
    if not row.text("code"):
        raise row.wrong("code", "the product's GTIN (JAN)")
    return PtsPlace(
        line=row.line,
        bay=row.count("bay"),
        shelf=row.count("shelf"),
        position=row.count("position"),
        code=row.text("code"),
        facings=row.count("facings"),
    )


def _sizes_known(pts: PtsFile, name: str) -> None:
    if not pts.heights:
        return
    for place in pts.places:
        if (place.bay, place.shelf) not in pts.heights:
            raise PlanogramError(
                f"{name}: line {place.line}: bay {place.bay} has no shelf {place.shelf} in the section of the shelves",
                "add the shelf there, or move the product",
            )


def _uneven(pts: PtsFile) -> Iterator[str]:
    """Shelves of one number that stand at different heights: the camera will not see them as one."""
    known = {key: height for key, height in pts.heights.items() if height is not None}
    steps = [
        height - known[bay, shelf - 1] for (bay, shelf), height in sorted(known.items()) if (bay, shelf - 1) in known
    ]
    if not steps:
        return
    allowed = SAME_HEIGHT * abs(sorted(steps)[len(steps) // 2])
    for shelf in sorted({shelf for _, shelf in known}):
        bays = {bay: height for (bay, number), height in known.items() if number == shelf}
        low, high = min(bays, key=lambda bay: bays[bay]), max(bays, key=lambda bay: bays[bay])
        if bays[high] - bays[low] > allowed:
            yield (
                f"shelf {shelf} stands at {bays[low]:g} mm in bay {low} and at {bays[high]:g} mm in bay {high}:"
                " plan such bays as fixtures of their own"
            )


def _sku(place: PtsPlace, pts: PtsFile, *, name: str, sku_of: Mapping[str, str] | None, skus: frozenset[str]) -> str:
    code = place.code
    where = f"{name}: line {place.line}: column {pts.code_column} (code)"
    if code in skus:
        return code
    is_gtin = code.isascii() and code.isdigit() and len(code) in GTIN_LENGTHS
    if is_gtin and int(code[-1]) != gtin_check_digit(code[:-1]):
        raise PlanogramError(
            f"{where}: GTIN {code} has a wrong check digit", f"it would be {gtin_check_digit(code[:-1])}"
        )
    if sku_of is not None:
        if is_gtin and code.zfill(14) in sku_of:
            return sku_of[code.zfill(14)]
        said = f"GTIN {code}" if is_gtin else f"{code[:40]!r} is no GTIN, and"
        raise PlanogramError(
            f"{where}: {said} belongs to no SKU of the catalogue",
            "give the SKU its gtin: in catalogue.yaml, or enrol it",
        )
    try:
        return _SKU_ID.validate_python(code)
    except ValidationError:
        raise PlanogramError(
            f"{where}: is {code[:40]!r}", "a GTIN of 8, 12, 13 or 14 digits; a spreadsheet must keep it as text"
        ) from None

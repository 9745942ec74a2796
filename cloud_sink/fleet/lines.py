"""Lines of files that people import: CSV with a header, UTF-8, each line checked, every fault with line and column."""

from __future__ import annotations

import csv
import io
from datetime import date, time
from decimal import Decimal
from typing import Annotated, Any, Generic, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from edge.contract.catalogue import GTIN_LENGTHS, gtin_check_digit
from edge.contract.names import Slug, Zone

MAX_BYTES = 64 * 1024 * 1024
MAX_FAULTS = 50
"""Faults that are told of one file; a file with more is of another kind."""

_DELIMITERS = ",;\t"


def checked_gtin(text: str) -> str:
    """A GTIN as it is printed, its check digit verified.

    Raises:
        ValueError: it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) in GTIN_LENGTHS):
        raise ValueError("a GTIN has 8, 12, 13 or 14 digits")
    if int(text[-1]) != gtin_check_digit(text[:-1]):
        raise ValueError(f"wrong check digit: it would be {gtin_check_digit(text[:-1])}")
    return text


def _gtin(text: str) -> str:
    """A GTIN with its check digit verified, filled up to 14 digits."""
    return checked_gtin(text).zfill(14)


def _owners(text: object) -> object:
    return [one.strip() for one in text.split(";") if one.strip()] if isinstance(text, str) else text


Gtin = Annotated[str, AfterValidator(_gtin)]
Label = Annotated[str, Field(min_length=1, max_length=200)]
Amount = Annotated[Decimal, Field(ge=-(10**12), le=10**12, decimal_places=3)]
Price = Annotated[Decimal, Field(ge=0, le=10**12, decimal_places=3)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Clock = Annotated[time, Field(description="HH:MM")]


class Line(BaseModel):
    """One line of a file; an empty cell is one that is left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class UnitsLine(Line):
    """Units of a product that a store sold or got on a day. Returns are negative."""

    store: Slug
    date: date
    gtin: Gtin
    units: Amount
    amount: Amount | None = None
    line: Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]{1,63}$")] = Field("", validate_default=False)


class ContractLine(Line):
    """Shelf space that somebody paid for."""

    contract: Slug
    store: Slug
    fixture: Slug | None = None
    side: Literal["own", "competitor"]
    brand: Label
    facings: Annotated[int, Field(ge=1, le=10_000)]
    since: date
    until: date
    fee: Price | None = None
    currency: Currency | None = None

    @model_validator(mode="after")
    def _in_order(self) -> ContractLine:
        return _in_order(self, self.since, self.until)


class PromotionLine(Line):
    """A product that is promoted in a store."""

    promotion: Slug
    store: Slug
    gtin: Gtin
    since: date
    until: date
    cost: Price | None = None
    margin: Amount | None = None

    @model_validator(mode="after")
    def _in_order(self) -> PromotionLine:
        return _in_order(self, self.since, self.until)


class StoreLine(Line):
    """Master data of a store."""

    store: Slug
    name: Label
    zone: Zone
    opens: Clock = time(8)
    closes: Clock = time(22)
    day_starts: Clock = time(4)
    chain: Label | None = None
    channel: Label | None = None
    city: Label | None = None
    store_class: Label | None = Field(None, alias="class")
    area_m2: Annotated[float, Field(gt=0, le=1e6)] | None = None
    representative: Label | None = None
    gln: Annotated[str, Field(pattern=r"^[0-9]{13}$")] | None = None
    latitude: Annotated[float, Field(ge=-90, le=90)] | None = None
    longitude: Annotated[float, Field(ge=-180, le=180)] | None = None

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> StoreLine:
        if not self.day_starts <= self.opens < self.closes:
            raise ValueError("day_starts, opens and closes follow each other")
        return self


class FixtureLine(Line):
    """A fixture of a store; owners of own products with a semicolon between them."""

    store: Slug
    fixture: Slug
    name: Label | None = None
    kind: Literal["cooler", "shelf", "rack", "floor_stack"] = "cooler"
    own: Annotated[tuple[Label, ...], BeforeValidator(_owners)] = ()


class Fault(BaseModel):
    """What is wrong with a line of a file; line 1 is the header."""

    model_config = ConfigDict(frozen=True)

    line: int
    column: str | None
    said: str


L = TypeVar("L", bound=Line)


class Lines(BaseModel, Generic[L]):
    """The good lines of a file with their numbers, and what is wrong with the others."""

    lines: list[tuple[int, L]] = []
    faults: list[Fault] = []


def read_lines(data: bytes, model: type[L]) -> Lines[L]:
    """Read a file's lines; columns may be parted by commas, semicolons or tabs."""
    found: Lines[L] = Lines()
    if len(data) > MAX_BYTES:
        return _refused(found, 1, None, f"the file has {len(data)} bytes; at most {MAX_BYTES} are read")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return _refused(found, line, None, "is not UTF-8; save the file as UTF-8")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, model, found)
        for cells in reader if not found.faults else ():
            if any(cell.strip() for cell in cells) and len(found.faults) < MAX_FAULTS:
                _read_line(header, cells, reader.line_num, model, found)
    except csv.Error as error:
        return _refused(found, reader.line_num, None, f"{error}; save the file as plain CSV")
    if not found.lines and not found.faults:
        return _refused(found, 1, None, f"no lines; the header is {','.join(columns(model))}")
    return found


def columns(model: type[Line]) -> list[str]:
    """The columns of a file, in the order of its documentation."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _check_header(header: list[str], model: type[Line], found: Lines[Any]) -> None:
    known = columns(model)
    needed = [field.alias or name for name, field in model.model_fields.items() if field.is_required()]
    for column in needed:
        if column not in header:
            found.faults.append(Fault(line=1, column=column, said=f"is missing; the header is {','.join(known)}"))
    for at, column in enumerate(header):
        if column not in known:
            found.faults.append(Fault(line=1, column=column, said=f"is unknown; columns are {','.join(known)}"))
        elif column in header[:at]:
            found.faults.append(Fault(line=1, column=column, said="stands twice"))


def _read_line(header: list[str], cells: list[str], number: int, model: type[L], found: Lines[L]) -> None:
    if len(cells) > len(header):
        _refused(found, number, None, f"has {len(cells)} cells, and the header {len(header)}; quote cells with commas")
        return
    given = {column: cell.strip() for column, cell in zip(header, cells, strict=False) if cell.strip()}
    try:
        found.lines.append((number, model.model_validate(given)))
    except ValidationError as error:
        for one in error.errors(include_url=False):
            column = str(one["loc"][0]) if one["loc"] else None
            value = given.get(column or "")
            said = "is empty" if one["type"] == "missing" else one["msg"].removeprefix("Value error, ").lower()
            found.faults.append(Fault(line=number, column=column, said=f"{value!r}: {said}" if value else said))


def _delimiter(text: str) -> str:
    head = text.split("\n", 1)[0]
    return max(_DELIMITERS, key=head.count)


def _refused(found: Lines[L], line: int, column: str | None, said: str) -> Lines[L]:
    found.faults.append(Fault(line=line, column=column, said=said))
    return found


def _in_order(line: L, since: date, until: date) -> L:
    if until < since:
        raise ValueError(f"until {until} is before since {since}")
    return line

"""Tables as bytes: CSV as it is made, Parquet whole."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import UTC, date, datetime
from itertools import chain, islice
from typing import IO, TYPE_CHECKING, Any

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from cloud_sink.exports.tables import Export, Row

_LINES = 200
"""Lines of CSV that go out together."""

_GROUP = 20_000
"""Rows of a Parquet file that are held together."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula at the beginning of a text."""


class NoParquet(FacingsError):  # noqa: N818 - a state of the installation
    """Parquet was asked for, and the library is not installed."""


def as_csv(export: Export, rows: Iterator[Row]) -> Iterator[bytes]:
    """UTF-8 with a line of names. Moments are RFC 3339 in UTC; what is unknown is empty.

    A text that a spreadsheet would take for a formula begins with an apostrophe.
    """
    lines: Iterator[Iterable[Any]] = chain([[name for name, _ in export.columns]], map(_cells, rows))
    while some := list(islice(lines, _LINES)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(some)
        yield text.getvalue().encode()


def as_parquet(export: Export, rows: Iterator[Row]) -> IO[bytes]:
    """A file that is gone when it is closed, at its beginning.

    Raises:
        NoParquet: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional part
        import pyarrow.parquet as pq  # noqa: PLC0415
    except ImportError:
        raise NoParquet("Parquet needs pyarrow, which is not installed", "pip install 'facings[parquet]'") from None
    types = {
        "text": pa.string(),
        "number": pa.float64(),
        "whole": pa.int64(),
        "moment": pa.timestamp("ms", tz="UTC"),
        "day": pa.date32(),
        "truth": pa.bool_(),
    }
    schema = pa.schema([(name, types[kind]) for name, kind in export.columns])
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asked closes it
    with pq.ParquetWriter(file, schema) as writer:
        while some := list(islice(rows, _GROUP)):
            columns = [
                pa.array(values, field.type) for values, field in zip(zip(*some, strict=True), schema, strict=True)
            ]
            writer.write_table(pa.table(columns, schema=schema))
    file.seek(0)
    return file


def _cells(row: Row) -> list[object]:
    return [_cell(value) for value in row]


def _cell(value: object) -> object:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return value

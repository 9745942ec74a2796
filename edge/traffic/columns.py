"""Tables of people: frozen dataclasses whose fields are arrays, or such tables, with one row a person."""

from __future__ import annotations

from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from _typeshed import DataclassInstance
    from numpy.typing import NDArray

    Rows = NDArray[np.intp] | NDArray[np.bool_]

T = TypeVar("T", bound="DataclassInstance")


def only(table: T, rows: Rows) -> T:
    """The rows chosen, in that order."""
    return _built(table, (_pick(column, rows) for column in _columns(table)))


def joined(table: T, other: T) -> T:
    """The rows of the one and then those of the other."""
    return _built(table, map(_join, _columns(table), _columns(other)))


def put(table: T, rows: Rows, new: T) -> T:
    """The table with other values in the rows named."""
    pairs = zip(_columns(table), _columns(new), strict=True)
    return _built(table, (_put(column, rows, values) for column, values in pairs))


def rows_of(ids: NDArray[np.int64], known: NDArray[np.int64]) -> NDArray[np.intp]:
    """(n,) for each id its row among the known ones, -1 for none."""
    row = {one: place for place, one in enumerate(known.tolist())}
    return np.array([row.get(one, -1) for one in ids.tolist()], dtype=np.intp)


@cache
def _names(kind: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(kind))


def _columns(table: DataclassInstance) -> list[Any]:
    return [getattr(table, name) for name in _names(type(table))]


def _built(like: T, columns: Iterable[Any]) -> T:
    return type(like)(*columns)


def _pick(column: Any, rows: Rows) -> Any:
    return column[rows] if isinstance(column, np.ndarray) else only(column, rows)


def _join(column: Any, other: Any) -> Any:
    return np.concatenate([column, other]) if isinstance(column, np.ndarray) else joined(column, other)


def _put(column: Any, rows: Rows, new: Any) -> Any:
    if not isinstance(column, np.ndarray):
        return put(column, rows, new)
    changed = column.copy()
    changed[rows] = new
    return changed

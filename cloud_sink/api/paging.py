"""Pages of a list. A cursor is the key behind which the next page begins, so that new rows shift nothing."""

from __future__ import annotations

import base64
import binascii
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from cloud_sink.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TypeVar

    T = TypeVar("T")

MOST = 1000
Limit = Annotated[int, Query(ge=1, le=MOST, description="how many at most")]
Cursor = Annotated[str | None, Query(max_length=600, description="`next` of the page before")]


def cursor_of(*key: str | int) -> str:
    """A cursor behind a key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def key_of(cursor: str | None, *kinds: type) -> tuple[str | int, ...] | None:
    """The key that a cursor stands behind; None at the beginning.

    Raises:
        Problem: 404 for what no `next` ever said.
    """
    if cursor is None:
        return None
    try:
        key = json.loads(base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError, RecursionError):
        key = None
    if not isinstance(key, list) or [type(part) for part in key] != list(kinds) or not all(map(_is_storable, key)):
        raise no_such_page()
    return tuple(key)


def no_such_page() -> Problem:
    """404: a cursor is part of a page's address."""
    return Problem(HTTPStatus.NOT_FOUND, "cursor: no such page; use `next` of the page before")


def _is_storable(part: object) -> bool:
    if isinstance(part, str):
        return "\0" not in part and part.isprintable()
    return isinstance(part, int) and abs(part) < 2**63


def page(rows: Sequence[T], limit: int, key: Callable[[T], tuple[str | int, ...]]) -> tuple[Sequence[T], str | None]:
    """The rows of a page out of one row more than it has, and the cursor of the next page."""
    shown = rows[:limit]
    return shown, cursor_of(*key(shown[-1])) if len(rows) > limit else None

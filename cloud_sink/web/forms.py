"""Forms as browsers send them."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

from cloud_sink.api.problems import Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 10_000
_LONG = 400_000
"""Bytes of a form that names thousands of stores."""


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form of a page; the first of each name, and no more than a form holds."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            break
    pairs = parse_qsl(body[:_LONGEST].decode("utf-8", errors="replace"), keep_blank_values=True)
    return dict(reversed(pairs))


async def read_long_form(request: Request) -> Mapping[str, list[str]]:
    """The fields of a form that lists things, all of each name.

    Raises:
        Problem: 413 where it is longer than any list of stores is.
    """
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONG:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"a form has at most {_LONG} bytes; import a file")
    found: dict[str, list[str]] = {}
    for name, value in parse_qsl(body.decode("utf-8", errors="replace")):
        found.setdefault(name, []).append(value.strip())
    return found


LongForm = Annotated[dict[str, list[str]], Depends(read_long_form)]
Form = Annotated[dict[str, str], Depends(read_form)]

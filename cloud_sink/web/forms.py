"""Forms as browsers send them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl

from fastapi import Depends, Request

if TYPE_CHECKING:
    from collections.abc import Mapping

_LONGEST = 10_000


async def read_form(request: Request) -> Mapping[str, str]:
    """The fields of a form of a page; the first of each name, and no more than a form holds."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _LONGEST:
            break
    pairs = parse_qsl(body[:_LONGEST].decode("utf-8", errors="replace"), keep_blank_values=True)
    return dict(reversed(pairs))


Form = Annotated[dict[str, str], Depends(read_form)]

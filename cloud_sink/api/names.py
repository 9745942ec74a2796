"""The names that requests carry."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated

from fastapi import Path, Query
from pydantic import AwareDatetime, BeforeValidator, StringConstraints

SLUG = r"^[a-z0-9][a-z0-9_-]{0,62}$"

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


def _day(text: object) -> object:
    if not isinstance(text, str) or not _DAY.fullmatch(text):  # pydantic takes a bare number for seconds since 1970
        raise ValueError("write a day as 2026-03-14")
    return text


def _moment(text: object) -> object:
    if not isinstance(text, str) or not _MOMENT.fullmatch(text):
        raise ValueError("write a moment as 2026-03-14T01:30:00Z")
    return text


def _number(value: object) -> object:
    if isinstance(value, bool | str):  # pydantic reads numbers into both; 65.0 is an integer in JSON
        raise ValueError("write a number")  # noqa: TRY004 - what pydantic makes an answer of
    return value


Number = BeforeValidator(_number)
"""Beside the type of a number that a body holds."""

Day = Annotated[date, BeforeValidator(_day)]
Moment = Annotated[AwareDatetime, BeforeValidator(_moment)]
Tenant = Annotated[
    str | None, Query(pattern=SLUG, description="whose; needed on the machine itself where several have such a thing")
]
Id = Annotated[str, Path(pattern=r"^[0-9a-f]{16}$")]
PersonName = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")
]
"""The name of a user or key, on one line."""

"""What every section of the configuration shares."""

from __future__ import annotations

import re
from datetime import time
from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer

_DURATION = re.compile(r"^(\d+(?:\.\d+)?)\s*(s|m|h)$")
_UNIT_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _seconds(value: object) -> object:
    if isinstance(value, str):
        match = _DURATION.match(value.strip())
        if match is None:
            raise ValueError("write a duration such as 30s, 15m or 1h")
        return float(match[1]) * _UNIT_SECONDS[match[2]]
    return value


def _clock_time(value: object) -> object:
    if isinstance(value, int) and not isinstance(value, bool):  # YAML 1.1 reads 08:00 as a number of base 60
        hours, minutes = divmod(value, 60)
        return f"{hours:02d}:{minutes:02d}"
    return value


Duration = Annotated[
    float, BeforeValidator(_seconds), PlainSerializer(lambda value: f"{value:g}s", return_type=str, when_used="json")
]
"""Seconds; written as 30s, 15m or 1h."""

ClockTime = Annotated[time, BeforeValidator(_clock_time)]


class Section(BaseModel):
    """A part of the configuration: unknown keys are refused, and nothing is changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


S = TypeVar("S", bound=Section)


def resolve(section: S, folder: Path) -> S:
    """The same section with every relative path taken from `folder`."""
    changed: dict[str, object] = {}
    for name, value in section:
        if isinstance(value, Path):
            changed[name] = folder / value.expanduser()
        elif isinstance(value, Section):
            changed[name] = resolve(value, folder)
        elif isinstance(value, tuple) and value and isinstance(value[0], Section):
            changed[name] = tuple(resolve(item, folder) for item in value)
    return section.model_copy(update=changed)

"""What a sensor's message means. Pure functions."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from edge.contract.errors import SourceError
from edge.contract.payloads import CoolerStatus

if TYPE_CHECKING:
    from collections.abc import Collection

    from edge.contract.config import StatusFields

COLDEST, HOTTEST = -60.0, 100.0
"""Degrees Celsius; what is said beyond is a broken sensor."""

YES, NO = frozenset({"on", "true", "1", "yes", "ok"}), frozenset({"off", "false", "0", "no"})


def says_open(message: str, *, key: str | None, words: Collection[str]) -> bool:
    """Whether a door's sensor says that it is open.

    Args:
        message: a word, or with `key` JSON. Of several lines the last one that is not empty counts.
        key: where in the JSON the word stands; a dot leads into an object.
        words: for open, in small letters; all others mean closed.

    Raises:
        SourceError: nothing is said, or nothing under that key.
    """
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    if not lines:
        raise SourceError("the door's sensor says nothing", "look whether its file or topic is the right one")
    word: Any = lines[-1]
    if key is not None:
        word = _value(_object(lines[-1] if len(lines) > 1 else message), key)
        if word is None:
            raise SourceError(f"the door's sensor says nothing of {key!r}", "name the key in fixtures.door.sensor.key")
    return str(word).strip().lower() in words


def read_status(message: str, *, fixture: str, fields: StatusFields) -> CoolerStatus:
    """What a cooler says of itself. What it does not say, or what makes no sense, is None.

    Raises:
        SourceError: the message is no JSON object.
    """
    said = _object(message)
    return CoolerStatus(
        fixture=fixture,
        cabinet_celsius=_celsius(_value(said, fields.cabinet_celsius)),
        power=_flag(_value(said, fields.power)),
        light=_flag(_value(said, fields.light)),
    )


def _object(message: str) -> dict[str, Any]:
    try:
        said = json.loads(message)
    except ValueError:
        said = None
    if not isinstance(said, dict):
        raise SourceError("a sensor's message is no JSON object", 'have it say something like {"power": true}')
    return said


def _value(said: dict[str, Any], key: str) -> Any:
    if key in said:
        return said[key]
    found: Any = said
    for part in key.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found


def _celsius(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        degrees = float(value)
    except (TypeError, ValueError):
        return None
    return round(degrees, 2) if math.isfinite(degrees) and COLDEST <= degrees <= HOTTEST else None


def _flag(value: Any) -> bool | None:
    word = str(value).strip().lower()
    return True if word in YES else False if word in NO else None

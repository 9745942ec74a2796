"""Taking the array of a backlog apart, byte for byte: an event has the same bytes alone and in an array."""

from __future__ import annotations

import json
import re

_DECODER = json.JSONDecoder(parse_int=len)  # a number too long for an int is one element's fault
_SPACE = re.compile(r"[ \t\n\r]*")


def is_array(body: bytes) -> bool:
    """Whether the first byte that is no white space opens an array."""
    return body.lstrip(b" \t\n\r")[:1] == b"["


def split_array(body: bytes) -> list[bytes] | None:
    """The elements of a JSON array, each with exactly the bytes it has there; None when the body is no JSON array.

    Nesting deeper than the interpreter's stack is no JSON array either: no device writes such a thing.
    """
    try:
        return [part.encode() for part in _elements(body.decode("utf-8"))]
    except (ValueError, RecursionError):
        return None


def _elements(text: str) -> list[str]:
    at = _skip(text, _skip(text, 0, "["))
    parts: list[str] = []
    if text[at : at + 1] == "]":
        at += 1
    else:
        while True:
            _, end = _DECODER.raw_decode(text, at)
            parts.append(text[at:end])
            at = _skip(text, end)
            if text[at : at + 1] == "]":
                at += 1
                break
            at = _skip(text, _skip(text, at, ","))
    if _skip(text, at) != len(text):
        raise ValueError("something stands behind the array")
    return parts


def _skip(text: str, at: int, character: str = "") -> int:
    """The place behind white space and, if one is named, a character that must stand there."""
    match = _SPACE.match(text, at)
    place = match.end() if match else at
    if not text.startswith(character, place):
        raise ValueError(f"{character} is missing")
    return place + len(character)

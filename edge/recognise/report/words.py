"""How values are written on the page: escaped, and as a person reads them."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def safe(text: str) -> str:
    """Foreign text (names of files, SKUs) as HTML text or attribute.

    Characters that cannot be seen become a sign that can: HTML and UTF-8 do not know all of them (a file name may hold
    any byte), and some turn the direction of the text around them.
    """
    return html.escape("".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text))


def share(value: float | None) -> str:
    """A share of 0..1 in per cent."""
    return "\N{EN DASH}" if value is None else f"{100 * value:.1f}\N{NO-BREAK SPACE}%"


def amount(number: int) -> str:
    """A whole number, its thousands parted."""
    return f"{number:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def counted(number: int, one: str, many: str) -> str:
    """A number with its noun."""
    return f"{amount(number)} {one if number == 1 else many}"


def interval(figure: Mapping[str, float | None]) -> str:
    """The 95 % interval of a figure, or nothing where there is none."""
    if figure["low"] is None or figure["high"] is None:
        return ""
    return f"{100 * figure['low']:.1f} to {share(figure['high'])}"

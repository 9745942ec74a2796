"""A report as it stands on paper: words, numbers and drawings, ready for any medium. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Mood = Literal["good", "bad", "flat"]


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name; `change` says how it moved, and `mood` whether that is good."""

    name: str
    value: str
    change: str = ""
    mood: Mood = "flat"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A chart, as SVG, and the same in words for who does not see it."""

    title: str
    svg: str
    told: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A photograph and what is said below it."""

    sha256: str
    title: str
    caption: str
    width: int = 0  # pixels; 0 where the photograph is not there
    height: int = 0


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table; `numeric` are the columns that are written at the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    numeric: frozenset[int] = frozenset()
    none: str = ""  # what is said where there are no rows


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    language: str
    title: str
    below: str  # city, chain and so on
    period: str
    badge: str  # the grade
    notes: tuple[str, ...]  # completeness, accuracy
    warning: str  # that data are simulated, or nothing
    tiles: tuple[Tile, ...]
    drawings: tuple[Drawing, ...]
    todo_title: str
    todo: tuple[tuple[str, str], ...]  # what, and why or where
    todo_none: str
    pictures_title: str
    pictures: tuple[Picture, ...]
    sheets: tuple[Sheet, ...]
    footer: str
    page_of: str  # with {page} and {pages}

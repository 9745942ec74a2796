"""Fixtures written as text, for tests: a line for each shelf, the top one first, a word for each place.

`cola` is a recognised SKU, `cola?` an unsure facing with a guess, `?` an unsure one without, `#` an unknown product,
`_` an empty place, `~` a place hidden from the camera.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from edge.shelf.alignment import Alignment, align_planogram
from edge.shelf.facing import Box, Facing, Gap, Slot

WIDTH, HEIGHT, PITCH = 40.0, 90.0, 130.0


@dataclass(frozen=True)
class Shop:
    """What a fixture written as text holds."""

    facings: list[Facing]
    gaps: list[Gap]
    hidden: list[Box]


def shop(text: str) -> Shop:
    """What is seen. Shelves without a facing or a gap get no number, as when they are found from boxes."""
    facings: list[Facing] = []
    gaps: list[Gap] = []
    hidden: list[Box] = []
    number = 0
    for level, words in enumerate(reversed(_lines(text))):
        if any(word != "~" for word in words):
            number += 1
        position = 0
        for place, word in enumerate(words):
            bottom = 1000.0 - PITCH * level
            box = (place * WIDTH, bottom - HEIGHT, (place + 1) * WIDTH, bottom)
            if word == "_":
                gaps.append(Gap(box, number))
            elif word == "~":
                hidden.append(box)
            else:
                position += 1
                facings.append(facing(word, shelf=number, position=position, box=box))
    return Shop(facings, gaps, hidden)


def facing(word: str, *, shelf: int = 1, position: int = 1, box: Box = (0.0, 0.0, WIDTH, HEIGHT)) -> Facing:
    if word == "#":
        return Facing(box, 0.9, shelf, position, None, 0.1, "unknown")
    if word.endswith("?"):
        return Facing(box, 0.9, shelf, position, word[:-1] or None, 0.4, "unsure")
    return Facing(box, 0.9, shelf, position, word, 0.9, "recognised")


def plan(text: str) -> list[Slot]:
    """The plan, neighbours of one SKU as one slot."""
    slots: list[Slot] = []
    for shelf, words in enumerate(reversed(_lines(text)), start=1):
        runs = [(sku, len(list(run))) for sku, run in groupby(words)]
        slots += [Slot(shelf, position, sku, count) for position, (sku, count) in enumerate(runs, start=1)]
    return slots


def align(planned: str, seen: str) -> Alignment:
    """Match a plan and a fixture, both as text."""
    there = shop(seen)
    return align_planogram(plan(planned), there.facings, there.gaps, hidden=there.hidden)


def _lines(text: str) -> list[list[str]]:
    return [line.split() for line in text.strip().splitlines()]

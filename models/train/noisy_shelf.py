"""Facings as the shipped models would read them from a shelf whose truth is known, drawn from measured rates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.facing import Facing
from edge.shelf.rows import find_shelves
from models.train.noise import FEWEST, STATUSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from edge.shelf.facing import Box
    from models.scenes.scene import Column, Fixture
    from models.train.noise import Counts, Noise, Status

HALF = 0.5
"""A unit of which more is hidden is not found."""

SCORE = 0.9
"""Of every detection: nothing depends on it."""

LEAST_KNOWN = 1 / 64
"""Of something faint at an empty place, where the measurement has none: as on the demo's day, none in 62."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the recogniser says of one unit."""

    sku: str | None
    score: float
    status: Status


@dataclass(frozen=True, slots=True)
class Occluder:
    """A shopper or an arm before the fixture: what lies between two distances from its left (mm) is not seen."""

    left: float
    right: float

    def covers(self, x1: float, x2: float) -> bool:
        """Whether most of a unit is hidden."""
        return min(x2, self.right) - max(x1, self.left) > HALF * (x2 - x1)


@dataclass(frozen=True, slots=True)
class Sight:
    """What the detector and the recogniser make of one capture; boxes in mm, y downwards."""

    facings: tuple[Facing, ...]
    faint: NDArray[np.float64]  # (n, 4)


@dataclass(frozen=True, slots=True)
class Rates:
    """The detector's rates."""

    missed: float
    missed_faint: float  # of missed ones
    false: float  # a facing where none is, for each place
    gap_faint: float  # something faint at an empty place

    @classmethod
    def of(cls, noise: Noise) -> Rates:
        """From counts. Of rare things, by Laplace's rule of succession: none in sixty is not never."""
        return cls(
            noise.missed / noise.facings,
            (noise.missed_faintly + 1) / (noise.missed + 2),
            sum(noise.false) / noise.facings,
            (noise.gaps_faintly + 1) / (noise.gaps + 2) if noise.gaps else LEAST_KNOWN,
        )


class NoisyShelf:
    """Reads captures of one fixture over a day, with the errors of the measured rates.

    Each SKU errs like one SKU of the measurement, drawn for it: its row of the confusion matrix, with what it is taken
    for translated back. A unit that stands still keeps a judgement of its own, and each capture draws a fresh one for
    some of the units, so that errors persist as they do in a shop.

    Args:
        noise: the measured rates.
        listed: SKUs of the catalogue.
        fixture: boards and sizes.
        persistence: the chance that a capture shows a unit's own judgement, 0 to 1.
        seed: of the day.
    """

    def __init__(self, noise: Noise, *, listed: Sequence[str], fixture: Fixture, persistence: float, seed: int) -> None:
        self._noise = noise
        self._listed = tuple(listed)
        self._fixture = fixture
        self._persistence = persistence
        self._seed = seed
        self._rng = np.random.default_rng((seed, 1))
        self._rates = Rates.of(noise)
        rows = {sku: sum(sum(c) for c in row.values()) for sku, row in noise.skus.items()}
        good = sorted(sku for sku, total in rows.items() if total >= FEWEST)
        drawn = [str(one) for one in self._rng.permutation(good)]
        self._measured = {sku: drawn[number % len(drawn)] for number, sku in enumerate(self._listed)}
        self._simulated: dict[str, str] = {}
        for sku, measured in self._measured.items():
            self._simulated.setdefault(measured, sku)

    def capture(self, columns: Sequence[Column], occluder: Occluder | None = None) -> Sight:
        """What is found of these columns, numbered as the device does it; boxes in mm, y downwards."""
        found: list[tuple[Box, Judgement]] = []
        faint: list[Box] = []
        for index, column in enumerate(columns):
            x1, x2 = self._edges(column)
            if occluder is not None and occluder.covers(x1, x2):
                continue
            box = self._box(column, x1, x2)
            if column.product is None:
                if self._rng.random() < self._rates.false:
                    found.append((box, self._imagine()))
                elif self._rng.random() < self._rates.gap_faint:
                    faint.append(box)
                continue
            own = np.random.default_rng((self._seed, index, column.units, column.product.seed, 2))
            rng = own if self._rng.random() < self._persistence else self._rng
            if rng.random() >= self._rates.missed:
                found.append((box, self._judge(column.product.id, rng)))
            elif rng.random() < self._rates.missed_faint:
                faint.append(box)
        return Sight(_numbered(found), np.array(faint).reshape(-1, 4))

    def _edges(self, column: Column) -> tuple[float, float]:
        width = (column.product or column.expected).package.width_mm
        return column.x - width / 2, column.x + width / 2

    def _box(self, column: Column, x1: float, x2: float) -> Box:
        bottom = self._fixture.height - self._fixture.shelves[column.shelf - 1]
        height = (column.product or column.expected).package.height_mm
        # What is measured beside labels holds their roughness too: half of it is of captures among themselves.
        dx1, dy1, dx2, dy2 = self._rng.normal(0, self._noise.shift / 2, 4) * ([x2 - x1, height] * 2)
        return float(x1 + dx1), float(bottom - height + dy1), float(x2 + dx2), float(bottom + dy2)

    def _judge(self, product: str, rng: np.random.Generator) -> Judgement:
        measured = self._measured.get(product)
        if measured is None:  # in no catalogue: it looks like the same SKU every time
            like = self._listed[sum(product.encode()) % len(self._listed)]
            return self._judgement(like, _drawn(self._noise.unlisted, rng), rng, right=False)
        row = self._noise.skus[measured]
        cells = [(said, status) for said in row for status in STATUSES]
        weights = np.array([count for counts in row.values() for count in counts], np.float64)
        said, status = cells[int(rng.choice(len(cells), p=weights / weights.sum()))]
        if said == measured:
            return self._judgement(product, status, rng, right=True)
        other = self._simulated.get(said)
        if other is None or other == product:
            other = str(rng.choice([sku for sku in self._listed if sku != product]))
        return self._judgement(other, status, rng, right=False)

    def _imagine(self) -> Judgement:
        return self._judgement(
            str(self._rng.choice(self._listed)), _drawn(self._noise.false, self._rng), self._rng, right=False
        )

    def _judgement(self, sku: str, status: Status, rng: np.random.Generator, *, right: bool) -> Judgement:
        scores: Mapping[str, list[float]] = self._noise.scores
        known = scores.get(f"{status} {'right' if right else 'wrong'}") or scores[f"{status} right"]
        score = float(np.interp(rng.random(), np.linspace(0, 1, len(known)), known))
        return Judgement(None if status == "unknown" else sku, score, status)


def _numbered(found: Sequence[tuple[Box, Judgement]]) -> tuple[Facing, ...]:
    """The front-row facings, by shelf and position."""
    if not found:
        return ()
    shelves = find_shelves(np.array([box for box, _ in found]), np.full(len(found), SCORE))
    return tuple(
        Facing(
            found[index][0],
            SCORE,
            int(shelves.shelf[index]),
            int(shelves.position[index]),
            found[index][1].sku,
            found[index][1].score,
            found[index][1].status,
        )
        for index in shelves.front_row
    )


def _drawn(counts: Counts, rng: np.random.Generator) -> Status:
    weights = np.array(counts, np.float64)
    if not weights.sum():
        return "unknown"
    return STATUSES[int(rng.choice(len(STATUSES), p=weights / weights.sum()))]

"""Several views of one fixture, made one: what two views show is counted once, what no view shows is hidden."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from edge.shelf.plane import homography, inverse, project, project_box
from edge.shelf.reading import Outlook
from edge.shelf.rows import find_shelves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from edge.shelf.facing import Box, Facing

    Floats = npt.NDArray[np.float64]

SAME_UNIT = 0.3
"""Boxes of two views that overlap this much (intersection over union) on the fixture are one unit, unless their names
contradict: corners are tapped by hand, and 2 % of a fixture is a third of a can. Neighbours on one shelf overlap less
than their own twins, and the most overlapping are matched first."""

SAME_PLACE = 0.5
"""Where the names contradict, this much: one of the two was misread, since a place holds one unit."""

AGREE = 0.25
"""How much overlap equal names are worth when the twin of a unit is chosen."""

AT_EDGE = 0.01
"""A box this close to the edge of its picture, as a share of it, is of a unit that is cut off."""

BESIDE = 0.02
"""What lies further beside the front than this, as a share of it, is not of the fixture."""

COLUMNS = 200
"""The fixture's width is looked at in so many strips to find what no view shows."""

ROWS = 100


@dataclass(frozen=True, slots=True)
class ViewPlane:
    """Where one view's picture lies on the fixture's front.

    Args:
        corners: (4, 2) of a part of the front as the picture shows them, as shares of its width and height: top left,
            top right, bottom right, bottom left.
        part: which part that is: left, top, right and bottom as shares of the front.
        size: width and height of the picture in pixels.
    """

    corners: Floats
    part: Box
    size: tuple[float, float]

    @property
    def scale(self) -> tuple[float, float]:
        """Width and height that the whole front would have in pixels of this picture."""
        corners = self.corners * self.size
        top_left, top_right, bottom_right, bottom_left = corners
        across = np.linalg.norm(top_right - top_left) + np.linalg.norm(bottom_right - bottom_left)
        down = np.linalg.norm(bottom_left - top_left) + np.linalg.norm(bottom_right - top_right)
        left, top, right, bottom = self.part
        return float(across) / 2 / (right - left), float(down) / 2 / (bottom - top)

    @property
    def outline(self) -> Floats:
        """(4, 2) the corners of the whole front as shares of the picture; not a number beyond the horizon."""
        front = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float64)
        return np.asarray(project(inverse(self.to_front((1.0, 1.0))), front) / self.size)

    def to_front(self, front: tuple[float, float]) -> Floats:
        """(3, 3) from pixels of the picture to pixels of a front of that width and height."""
        left, top, right, bottom = self.part
        part = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
        return homography(self.corners * self.size, part * front)


@dataclass(frozen=True, slots=True)
class Twin:
    """Which view's facing stands for a unit."""

    view: str
    index: int  # among that view's facings


@dataclass(frozen=True, slots=True)
class Front:
    """The fixture's front in pixels of its own, and how the views in use look at it."""

    width: float
    height: float
    maps: Mapping[str, Floats]  # from pixels of the view to pixels of the front
    sizes: Mapping[str, tuple[float, float]]  # of the views' pictures, in pixels

    def margins(self, points: Floats) -> Floats:
        """(v, n) how far from the edge each view shows each point (n, 2), as a share of its picture.

        Negative where it does not show it.
        """
        margins = []
        for name, matrix in self.maps.items():
            seen = project(inverse(matrix), points) / self.sizes[name]
            margin = np.minimum(seen, 1 - seen).min(axis=1)
            margins.append(np.where(np.isfinite(margin), margin, -np.inf))
        return np.array(margins).reshape(len(self.maps), len(points))

    def holds(self, box: Box) -> bool:
        """Whether the middle of a box lies on the front, or hardly beside it."""
        x, y = (box[0] + box[2]) / 2 / self.width, (box[1] + box[3]) / 2 / self.height
        return -BESIDE <= x <= 1 + BESIDE and -BESIDE <= y <= 1 + BESIDE

    def shown_best(self, box: Box) -> str:
        """The view that shows the middle of a box farthest from the edge of its picture."""
        middle = np.array([[(box[0] + box[2]) / 2, (box[1] + box[3]) / 2]])
        return list(self.maps)[int(self.margins(middle)[:, 0].argmax())]

    def in_view(self, box: Box, view: str) -> Box:
        """Where a view shows a box of the front, in its own pixels, cut off at the edge of its picture."""
        seen = project_box(inverse(self.maps[view]), box) or (0.0, 0.0, 0.0, 0.0)
        width, height = self.sizes[view]
        x1, x2 = (min(max(x, 0.0), width) for x in (seen[0], seen[2]))
        y1, y2 = (min(max(y, 0.0), height) for y in (seen[1], seen[3]))
        return x1, y1, x2, y2


@dataclass(frozen=True, slots=True)
class Merged:
    """The fixture as all views together show it."""

    front: Front
    facings: tuple[Facing, ...]  # by shelf and position, in pixels of the front
    twins: tuple[Twin, ...]  # of each, the facing of a view that stands for it
    outlook: Outlook


def merge_views(
    planes: Mapping[str, ViewPlane],
    facings: Mapping[str, Sequence[Facing]],
    *,
    hidden: Mapping[str, Sequence[Box]] | None = None,
    doubtful: Mapping[str, Sequence[Box]] | None = None,
) -> Merged:
    """Merge what the views of one capture set show.

    A unit that several views show is counted once, where the view that shows it farthest from its edge has it; its name
    is that of the view that knows it best. What no view shows, such as the part of a view that is missing, is hidden:
    it is neither empty nor out of stock.

    Args:
        planes: of the views that were taken, at least one; a missing view is left out.
        facings: of each view, front-row units in pixels of its picture.
        hidden: of each view, boxes that it could not see into.
        doubtful: of each view, boxes of what is too faint for a facing.

    Raises:
        ValueError: no view, or corners that are no corners of a plane.
    """
    front = _front(planes)
    units: list[_Unit] = []
    for view in planes:
        units = _join(units, _on_front(view, facings.get(view, ()), front), front)
    unseen = _unseen(front, hidden or {})
    doubts = [project_box(front.maps[view], box) for view, boxes in (doubtful or {}).items() for box in boxes]
    whole = np.array([[0, 0], [front.width, 0], [front.width, front.height], [0, front.height]], np.float64)
    outlook = Outlook(
        (front.width, front.height), whole, hidden=unseen, doubtful=tuple(box for box in doubts if box is not None)
    )
    if not units:
        return Merged(front, (), (), outlook)
    boxes = np.array([unit.facing.box for unit in units])
    shelves = find_shelves(boxes, np.array([unit.facing.score for unit in units]))
    order = shelves.front_row.tolist()
    return Merged(
        front,
        tuple(
            replace(units[at].facing, shelf=int(shelves.shelf[at]), position=int(shelves.position[at])) for at in order
        ),
        tuple(units[at].twin for at in order),
        outlook,
    )


@dataclass(frozen=True, slots=True)
class _Unit:
    facing: Facing  # in pixels of the front
    twin: Twin
    cut: bool  # by the edge of the picture


def _front(planes: Mapping[str, ViewPlane]) -> Front:
    if not planes:
        raise ValueError("a fixture is merged from at least one view")
    scales = np.array([plane.scale for plane in planes.values()])
    width, height = (float(max(1, round(value))) for value in scales.mean(axis=0))
    maps = {name: plane.to_front((width, height)) for name, plane in planes.items()}
    return Front(width, height, maps, {name: plane.size for name, plane in planes.items()})


def _on_front(view: str, facings: Sequence[Facing], front: Front) -> list[_Unit]:
    """A view's facings on the front; what stands beside the fixture is left out."""
    units = []
    width, height = front.sizes[view]
    for index, facing in enumerate(facings):
        box = project_box(front.maps[view], facing.box)
        if box is None or not front.holds(box):
            continue
        x1, y1, x2, y2 = facing.box
        edges = (x1 / width, y1 / height, 1 - x2 / width, 1 - y2 / height)
        units.append(_Unit(replace(facing, box=box), Twin(view, index), cut=min(edges) < AT_EDGE))
    return units


def _join(known: list[_Unit], added: list[_Unit], front: Front) -> list[_Unit]:
    """The units of the views so far and those of one more view, each unit once."""
    if not known or not added:
        return [*known, *added]
    overlap = _overlaps(known, added)
    agreed = np.array([[_agreement(one.facing, other.facing) for other in added] for one in known])
    fits = overlap >= np.where(agreed < 0, SAME_PLACE, SAME_UNIT)
    worth = overlap + AGREE * agreed
    joined, taken, gone = list(known), set(), set()
    pairs = np.argwhere(fits)
    for one, other in pairs[np.argsort(-worth[fits], kind="stable")].tolist():
        if one not in taken and other not in gone:
            taken.add(one)
            gone.add(other)
            joined[one] = _one_of(known[one], added[other], front)
    return joined + [unit for number, unit in enumerate(added) if number not in gone]


def _agreement(one: Facing, other: Facing) -> float:
    """1 where the names agree, -1 where they contradict, 0 where one of them is in doubt."""
    if one.sku is not None and one.sku == other.sku:
        return 1.0
    return -1.0 if one.status != "unsure" and other.status != "unsure" and one.sku != other.sku else 0.0


def _one_of(one: _Unit, other: _Unit, front: Front) -> _Unit:
    """What stands for a unit that two views show."""
    views = list(front.maps)
    a, b = one.facing.box, other.facing.box
    middle = np.array([[(a[0] + a[2] + b[0] + b[2]) / 4, (a[1] + a[3] + b[1] + b[3]) / 4]])
    margins = front.margins(middle)[:, 0]
    near = one if margins[views.index(one.twin.view)] >= margins[views.index(other.twin.view)] else other
    named = max((near, other if near is one else one), key=lambda unit: _certainty(unit.facing)).facing
    return _Unit(
        replace(near.facing, sku=named.sku, sku_score=named.sku_score, status=named.status),
        near.twin,
        near.cut,
    )


def _certainty(facing: Facing) -> tuple[int, float]:
    rank = {"recognised": 2, "unknown": 1, "unsure": 0}[facing.status]
    score = facing.sku_score or 0.0
    return rank, -score if facing.status == "unknown" else score


def _overlaps(known: Sequence[_Unit], added: Sequence[_Unit]) -> Floats:
    """(n, m) intersection over union; where one is cut off by its picture, over the smaller of the two."""
    a, b = (np.array([unit.facing.box for unit in units]) for units in (known, added))
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0.0), axis=2)
    areas = [np.prod(part[:, 2:] - part[:, :2], axis=1) for part in (a, b)]
    cut = np.array([unit.cut for unit in known])[:, None] | np.array([unit.cut for unit in added])[None, :]
    union = areas[0][:, None] + areas[1][None, :] - shared
    return np.asarray(shared / np.where(cut, np.minimum(areas[0][:, None], areas[1][None, :]), union))


def _unseen(front: Front, hidden: Mapping[str, Sequence[Box]]) -> tuple[Box, ...]:
    """What no view shows: for each strip of the front the stretches, as boxes; equal strips side by side as one."""
    x, y = (np.arange(COLUMNS) + 0.5) / COLUMNS * front.width, (np.arange(ROWS) + 0.5) / ROWS * front.height
    points = np.stack(np.meshgrid(x, y), axis=2).reshape(-1, 2)
    seen = front.margins(points) >= 0  # (v, rows * columns)
    for number, (name, matrix) in enumerate(front.maps.items()):
        there = project(inverse(matrix), points)
        for x1, y1, x2, y2 in hidden.get(name, ()):
            seen[number] &= ~((there[:, 0] >= x1) & (there[:, 0] <= x2) & (there[:, 1] >= y1) & (there[:, 1] <= y2))
    strips = ~seen.any(axis=0).reshape(ROWS, COLUMNS).T  # (columns, rows) True: no view shows it
    boxes: list[Box] = []
    starts = np.flatnonzero(np.append(True, (strips[1:] != strips[:-1]).any(axis=1)))
    for start, end in zip(starts.tolist(), [*starts[1:].tolist(), COLUMNS], strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[False], strips[start], [False]]).astype(np.int8)))
        for top, bottom in edges.reshape(-1, 2).tolist():
            boxes.append(
                (
                    start / COLUMNS * front.width,
                    top / ROWS * front.height,
                    end / COLUMNS * front.width,
                    bottom / ROWS * front.height,
                )
            )
    return tuple(boxes)

"""Walls of packs: dense supermarket shelves, composed flat from fronts and seen from an angle. Pure functions.

What they teach is the arrangement: rows of repeated fronts side by side, stacked, hung and one behind the other, over
price strips, under shelf boards, from forty to three hundred units a picture. Fronts may be invented (`flat_packs`) or
cut out of photographs that may be trained on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.palette import hsv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from models.scenes.arrays import Picture
    from models.scenes.flat_packs import FlatPack

SIDE = 960  # pixels of the longer side of a wall
Box = tuple[float, float, float, float]  # x1, y1, x2, y2 in pixels
MOST_HIDDEN, WHOLLY_HIDDEN = 0.6, 0.95  # shares of a unit behind a sign: from the first it is not asked for
LEAST_SEEN = 0.35  # of a unit inside the picture, or it is neither asked for nor background


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit of the front row."""

    pack: str  # name of what stands there
    box: Box
    clear: bool = True  # enough of it is seen to ask for it


@dataclass(slots=True)
class Wall:
    """A picture of shelves, and what stands in the front row."""

    picture: Picture
    units: list[Unit] = field(default_factory=list)


def compose(ranges: Sequence[Sequence[FlatPack]], rng: np.random.Generator) -> Wall:
    """Compose one wall of what a few ranges hold.

    Args:
        ranges: packs of one brand or cut out of one photograph stand together; the more, the more varied the picture.
        rng: source of chance.
    """
    wide = bool(rng.random() < 0.5)
    height, width = (round(SIDE * rng.uniform(0.55, 0.9)), SIDE) if wide else (SIDE, round(SIDE * rng.uniform(0.6, 1)))
    wall = Wall(_back(height, width, rng))
    usual = float(np.exp(rng.uniform(np.log(60), np.log(190))))  # pixels from shelf to shelf
    y = -float(rng.uniform(0, usual * 0.7))
    eye = float(rng.uniform(0.1, 0.9)) * height
    strip = _Strip.of(rng, usual)
    while y < height:
        room = usual * float(rng.uniform(0.75, 1.35))
        _row(wall, ranges, top=y, floor=y + room, above=(eye - y - room) / height, rng=rng)
        strip.draw(wall.picture, y + room, rng)
        y += room + strip.thick
    _clutter(wall, rng)
    return _seen_from_aside(_lit(wall, rng), rng)


def _back(height: int, width: int, rng: np.random.Generator) -> Picture:
    """What is behind the packs: a dark depth, a panel, or peg board."""
    tone = np.array(hsv(float(rng.integers(180)), float(rng.uniform(0, 0.35)), float(rng.uniform(0.05, 0.85))))
    ramp = np.linspace(float(rng.uniform(0.6, 1.1)), float(rng.uniform(0.6, 1.1)), height)[:, None, None]
    picture = np.repeat((tone * ramp).clip(0, 255).astype(np.uint8), width, axis=1)
    if rng.random() < 0.3:
        step = int(rng.integers(10, 26))
        picture[step // 2 :: step, step // 2 :: step] = (tone * 0.4).astype(np.uint8)
    return np.ascontiguousarray(picture)


@dataclass(frozen=True, slots=True)
class _Strip:
    """The shelf's edge: a board or price strip with tags."""

    thick: float
    colour: tuple[int, int, int]
    tags: float  # pixels between tags; 0: none
    tag: tuple[int, int, int]

    @classmethod
    def of(cls, rng: np.random.Generator, room: float) -> _Strip:
        pale = rng.random() < 0.6
        saturation, value = (
            (rng.uniform(0, 0.3), rng.uniform(0.6, 1)) if pale else (rng.uniform(0, 1), rng.uniform(0, 1))
        )
        tag = (255, 255, 255) if rng.random() < 0.6 else hsv(float(rng.choice((25, 28, 0, 175))), 0.8, 1)
        return cls(
            float(rng.uniform(0.06, 0.28)) * room,
            hsv(float(rng.integers(180)), float(saturation), float(value)),
            float(rng.uniform(0.5, 2.5)) * room if rng.random() < 0.85 else 0.0,
            tag,
        )

    def draw(self, picture: Picture, y: float, rng: np.random.Generator) -> None:
        top, bottom = round(y), round(y + self.thick)
        if top >= len(picture) or bottom <= 0:
            return
        picture[max(top, 0) : bottom] = self.colour
        picture[max(top, 0) : max(top, 0) + 1] = tuple(min(255, v + 40) for v in self.colour)
        picture[max(bottom, 0) : bottom + 4] = picture[max(bottom, 0) : bottom + 4] // 3
        x = float(rng.uniform(0, max(self.tags, 1)))
        while self.tags and x < picture.shape[1]:
            high = self.thick * float(rng.uniform(0.6, 1.25))
            w = high * float(rng.uniform(1.1, 2.4))
            y1, x1, x2 = round(y + self.thick * 0.1), round(x), round(x + w)
            y2 = round(y1 + high)
            cv2.rectangle(picture, (x1, y1), (x2, y2), self.tag, -1)
            for line in range(y1 + 2, y2 - 2, 3):
                cv2.line(picture, (x1 + 2, line), (round(x1 + w * rng.uniform(0.3, 0.9)), line), (60, 60, 60), 1)
            if rng.random() < 0.5:
                cv2.rectangle(picture, (round(x1 + w * 0.5), y1 + 2), (x2 - 2, max(y1 + 2, y2 - 2)), (30, 30, 30), 1)
            x += self.tags * float(rng.uniform(0.5, 1.6)) + w


def _row(
    wall: Wall,
    ranges: Sequence[Sequence[FlatPack]],
    *,
    top: float,
    floor: float,
    above: float,
    rng: np.random.Generator,
) -> None:
    """Fill one shelf from left to right, a few units of a product at a time.

    Args:
        wall: drawn on.
        ranges: what may stand here.
        top: of the space, pixels.
        floor: where units stand.
        above: how far the eye is above the shelf, in heights of the picture; tops of units behind show from above.
        rng: source of chance.
    """
    room = floor - top
    x = -float(rng.uniform(0, room))
    stocked = float(rng.choice((1.0, 0.97, 0.8), p=(0.5, 0.35, 0.15)))
    own = ranges[int(rng.integers(len(ranges)))]
    while x < wall.picture.shape[1]:
        if rng.random() < 0.5:
            own = ranges[int(rng.integers(len(ranges)))]
        pack = own[int(rng.integers(len(own)))]
        h, w = pack.picture.shape[:2]
        unit = room * float(rng.uniform(0.5, 0.97))
        unit_w = unit * w / h
        levels = 1
        if unit_w > 2.2 * room or (pack.kind == "box" and rng.random() < 0.3):  # flat ones lie on each other
            levels = int(rng.integers(2, 6))
            unit = room * 0.95 / levels
            unit_w = unit * w / h
        if unit_w < 7:
            x += 7
            continue
        hung = pack.kind == "blister" or (pack.kind in ("bag", "tube") and rng.random() < 0.2)
        for _ in range(int(rng.integers(1, 9))):
            if x >= wall.picture.shape[1]:
                break
            if rng.random() < stocked:
                foot = top + unit + room * 0.04 if hung else floor
                full = levels if rng.random() < 0.8 else int(rng.integers(1, levels + 1))
                _column(wall, pack, x=x, foot=foot, size=(unit_w, unit), levels=full, above=above, rng=rng)
            x += unit_w * float(rng.uniform(1.0, 1.06)) + float(rng.uniform(0, 2))
        if rng.random() < 0.1:
            x += float(rng.uniform(0.1, 1.2)) * room


def _column(
    wall: Wall,
    pack: FlatPack,
    *,
    x: float,
    foot: float,
    size: tuple[float, float],
    levels: int,
    above: float,
    rng: np.random.Generator,
) -> None:
    """One place on a shelf: units behind, darker and a little higher or hidden, then the front one or the stack."""
    w, h = size
    behind = int(rng.integers(0, 4))
    lean = float(rng.normal(0, 0.25))
    for back in range(behind, 0, -1):
        up = max(0.0, above) * 0.35 * back * h - (0.02 * back * h if above < 0 else 0)
        shrink = 0.97**back
        at = (x + (1 - shrink) * w / 2 + lean * back * w * 0.15, foot - up - (levels - 1) * h)
        _paste(wall.picture, pack, at=at, size=(w * shrink, h * shrink), dim=0.75**back, turn=0, rng=rng)
    slip = 0.0
    for level in range(levels):
        slip += float(rng.normal(0, 0.02)) * w
        turn = float(rng.normal(0, 1.6)) if pack.kind in ("bag", "pouch", "blister") else float(rng.normal(0, 0.5))
        box = _paste(
            wall.picture,
            pack,
            at=(x + slip, foot - level * h),
            size=(w * float(rng.uniform(0.97, 1.0)), h * float(rng.uniform(0.96, 1.0))),
            dim=float(rng.uniform(0.88, 1.08)),
            turn=turn,
            rng=rng,
        )
        if box is not None:
            wall.units.append(Unit(pack.name, box))


def _paste(
    picture: Picture,
    pack: FlatPack,
    *,
    at: tuple[float, float],
    size: tuple[float, float],
    dim: float,
    turn: float,
    rng: np.random.Generator,
) -> Box | None:
    """Draw a pack standing at its lower left corner `at`; its box, or None where nothing of it is in the picture."""
    h, w = pack.picture.shape[:2]
    wide, tall = size
    mirror = -1.0 if pack.kind == "cut" and rng.random() < 0.3 else 1.0
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    scale = np.diag([mirror * wide / w, tall / h])
    linear = np.array([[c, -s], [s, c]]) @ scale
    centre = np.array([at[0] + wide / 2, at[1] - tall / 2])
    x1, y1 = np.floor(centre - np.array([wide, tall]) * 0.56).astype(int)
    x2, y2 = np.ceil(centre + np.array([wide, tall]) * 0.56).astype(int)
    x1, y1, x2, y2 = max(x1, 0), max(y1, 0), min(x2, picture.shape[1]), min(y2, picture.shape[0])
    if x2 - x1 < 2 or y2 - y1 < 2:
        return None
    move = centre - linear @ np.array([w / 2, h / 2]) - np.array([x1, y1])
    matrix = np.concatenate([linear, move[:, None]], axis=1)
    flags = cv2.INTER_AREA if wide < w else cv2.INTER_LINEAR
    front = cv2.warpAffine(pack.picture, matrix, (x2 - x1, y2 - y1), flags=flags)
    cover = cv2.warpAffine(pack.mask, matrix, (x2 - x1, y2 - y1), flags=cv2.INTER_LINEAR)[..., None]
    part = picture[y1:y2, x1:x2]
    part[:] = (part * (1 - cover) + np.clip(front * dim, 0, 255) * cover).astype(np.uint8)
    corners = np.array([[0, 0], [w, 0], [w, h], [0, h]]) @ linear.T + move + np.array([x1, y1])
    low, high = corners.min(0), corners.max(0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _clutter(wall: Wall, rng: np.random.Generator) -> None:
    """Uprights between bays, signs that hang in front, and shelf talkers; what they mostly hide is not asked for."""
    height, width = wall.picture.shape[:2]
    hides: list[Box] = []
    if rng.random() < 0.5:
        x, thick = float(rng.uniform(0, width)), float(rng.uniform(8, 45))
        hides.append((x, 0, x + thick, height))
    for _ in range(int(rng.integers(0, 4))):
        w, h = rng.uniform(20, 110, 2)
        x, y = rng.uniform(0, width), rng.uniform(0, height)
        hides.append((float(x), float(y), float(x + w), float(y + h)))
    for x1, y1, x2, y2 in hides:
        colour = hsv(float(rng.integers(180)), float(rng.uniform(0, 1)), float(rng.uniform(0.1, 1)))
        cv2.rectangle(wall.picture, (round(x1), round(y1)), (round(x2), round(y2)), colour, -1)
        cv2.putText(
            wall.picture,
            str(int(rng.integers(1, 999))),
            (round(x1) + 2, round((y1 + y2) / 2)),
            cv2.FONT_HERSHEY_SIMPLEX,
            float(rng.uniform(0.4, 1.2)),
            hsv(float(rng.integers(180)), 0.9, float(rng.uniform(0, 1))),
            2,
            cv2.LINE_AA,
        )
    shown = [(unit, sum(_shared(unit.box, other) for other in hides) / _area(unit.box)) for unit in wall.units]
    wall.units = [replace(unit, clear=hidden < MOST_HIDDEN) for unit, hidden in shown if hidden < WHOLLY_HIDDEN]


def _area(box: Box) -> float:
    return max(1e-6, (box[2] - box[0]) * (box[3] - box[1]))


def _shared(a: Box, b: Box) -> float:
    return max(0.0, min(a[2], b[2]) - max(a[0], b[0])) * max(0.0, min(a[3], b[3]) - max(a[1], b[1]))


def _lit(wall: Wall, rng: np.random.Generator) -> Wall:
    """Light that differs over the wall, soft."""
    field_ = cv2.resize(
        rng.uniform(0.6, 1.2, (5, 4)).astype(np.float32),
        (wall.picture.shape[1], wall.picture.shape[0]),
        interpolation=cv2.INTER_CUBIC,
    )
    wall.picture = (wall.picture * field_[..., None]).clip(0, 255).astype(np.uint8)
    return wall


def _seen_from_aside(wall: Wall, rng: np.random.Generator) -> Wall:
    """The wall as a camera beside, above or below its middle sees it; boxes follow their corners."""
    height, width = wall.picture.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    pull = rng.normal(0, 0.05, (4, 2)) * (rng.random() < 0.8)
    if rng.random() < 0.3:  # from far aside: one end is near, the other far
        far = ((1, 2), (0, 3))[int(rng.integers(2))]
        squeeze = float(rng.uniform(0.05, 0.25))
        pull[far[0], 1] += squeeze
        pull[far[1], 1] -= squeeze
    seen = corners + (pull * (width, height)).astype(np.float32)
    # Photographs of shelves are mostly filled by them: the nearer, the less of what is around shows.
    seen = (seen - seen.mean(0)) * np.float32(rng.uniform(1.0, 1.3)) + seen.mean(0)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    picture = cv2.warpPerspective(
        wall.picture, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )
    lost = cv2.warpPerspective(np.ones((height, width), np.uint8), matrix, (width, height), flags=cv2.INTER_NEAREST)
    picture[lost == 0] = rng.integers(0, 256, 3)
    whole = np.array([unit.box for unit in wall.units], np.float64).reshape(-1, 4)
    drawn = whole.clip(0, (width, height, width, height))  # what reaches over the wall's border was never drawn
    moved = _moved(drawn, matrix)
    cut = moved.clip(0, (width, height, width, height))
    seen_part = _areas(drawn) / np.maximum(_areas(whole), 1e-6) * _areas(cut) / np.maximum(_areas(moved), 1e-6)
    units = [
        Unit(unit.pack, (box[0], box[1], box[2], box[3]), clear=unit.clear and left >= LEAST_SEEN)
        for unit, box, left in zip(wall.units, cut.tolist(), seen_part.tolist(), strict=True)
        if left > 0 and min(box[2] - box[0], box[3] - box[1]) >= 1
    ]
    return Wall(np.asarray(picture, np.uint8), units)


def _areas(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    areas: NDArray[np.float64] = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), axis=1)
    return areas


def _moved(boxes: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes around the moved corners of (n, 4) boxes."""
    x1, y1, x2, y2 = boxes.T
    points = np.stack([x1, y1, x2, y1, x2, y2, x1, y2], axis=1).reshape(-1, 2)
    moved = np.concatenate([points, np.ones((len(points), 1))], axis=1) @ matrix.T
    flat = (moved[:, :2] / moved[:, 2:]).reshape(-1, 4, 2)
    return np.concatenate([flat.min(1), flat.max(1)], axis=1)

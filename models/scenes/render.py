"""From a scene, a camera and effects to a picture and its truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.backdrop import backdrop
from models.scenes.effects import Effects, develop, foreground
from models.scenes.layers import Layers
from models.scenes.light import Place
from models.scenes.scene import FRONT_MARGIN_MM, Column, Scene
from models.scenes.shade import shade
from models.scenes.solids import trace
from models.scenes.truth import Box, SeenFacing, SeenGap, Truth

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.arrays import Floats, Ints, Mask, Picture
    from models.scenes.camera import Camera
    from models.scenes.packages import Package

MIN_PIXELS = 12  # a unit of which less is visible has no box


@dataclass(frozen=True, slots=True)
class Drawing:
    """Linear light (h x w x 3) and the unit at each pixel (its index in `scene.units`, -1 for none), supersampled."""

    light: Floats
    ids: Ints
    supersample: float


def _corners(package: Package, base: tuple[float, float, float]) -> NDArray[np.float64]:
    half = package.width_mm / 2 if package.kind != "carton" else float(np.hypot(package.width_mm, package.depth_mm)) / 2
    x, y, z = base
    return np.array(
        [
            (x + sx * half, y + sy * package.height_mm, z + sz * half)
            for sx in (-1, 1)
            for sy in (0, 1)
            for sz in (-1, 1)
        ]
    )


def _bounds(camera: Camera, package: Package, base: tuple[float, float, float]) -> Box:
    pixels = camera.project(_corners(package, base))
    (x1, y1), (x2, y2) = pixels.min(axis=0), pixels.max(axis=0)
    return float(x1), float(y1), float(x2), float(y2)


def _draw_unit(number: int, *, scene: Scene, camera: Camera, rays: Floats, layers: Layers, supersample: float) -> None:
    unit = scene.units[number]
    package = unit.product.package
    x1, y1, x2, y2 = (value * supersample for value in _bounds(camera, package, unit.base))
    rows = slice(max(int(y1) - 2, 0), max(int(y2) + 3, 0))
    columns = slice(max(int(x1) - 2, 0), max(int(x2) + 3, 0))
    eye = np.array(camera.eye, np.float32) - np.array(unit.base, np.float32)
    middle = float(np.linalg.norm(eye - (0, package.height_mm / 2, 0)))
    nearest = middle - float(np.hypot(package.height_mm / 2, package.width_mm))
    open_ = layers.open_to((rows, columns), nearest)
    if not open_.any():
        return
    places = np.nonzero(open_)
    ys: Ints = (places[0] + rows.start).astype(np.int32)
    xs: Ints = (places[1] + columns.start).astype(np.int32)
    hits = trace(package, eye=eye, rays=rays[ys, xs], yaw=unit.yaw)
    limit = np.maximum(layers.distance[ys, xs], layers.behind_distance[ys, xs])
    seen = hits.hit & (hits.distance < limit)
    if not seen.any():
        return
    hits, ys, xs = hits.only(seen), ys[seen], xs[seen]
    selected = rays[ys, xs]
    shelf = scene.columns[unit.column].shelf
    floor = scene.fixture.shelves[shelf - 1]
    shaded = shade(
        unit,
        hits,
        fixture=scene.fixture,
        lighting=scene.lighting,
        place=Place(floor, floor + scene.fixture.clearance(shelf)),
        point=np.array(camera.eye, np.float32) + hits.distance[:, None] * selected,
        rays=selected,
        mm_per_pixel=middle / camera.focal() / supersample,
    )
    x, y, z = unit.base
    (foot, head) = camera.project(np.array([(x, y, z), (x, y + package.height_mm, z)])) * supersample
    along = (ys - foot[1]) / min(head[1] - foot[1], -1e-3)
    axis = (foot[0] + along * (head[0] - foot[0])).astype(np.float32)
    layers.put(ys, xs, shaded=shaded, distance=hits.distance, unit=number, axis=axis)


def draw(scene: Scene, camera: Camera, *, supersample: float = 2.0) -> Drawing:
    """Draw a scene in linear light, before anything between the goods and the lens or within the camera."""
    rays, empty = backdrop(scene.fixture, scene.lighting, camera, supersample)
    layers = Layers.over(empty.light, empty.distance)
    for number in range(len(scene.units)):
        _draw_unit(number, scene=scene, camera=camera, rays=rays, layers=layers, supersample=supersample)
    return Drawing(layers.composed(), layers.ids, supersample)


def _front_unit(scene: Scene, index: int) -> int:
    return next(n for n, unit in enumerate(scene.units) if unit.column == index and unit.row == 0 and unit.tier == 0)


def _gap_box(scene: Scene, camera: Camera, column: Column) -> Box:
    package = column.expected.package
    base = (column.x, scene.fixture.shelves[column.shelf - 1], -FRONT_MARGIN_MM - package.depth_mm / 2)
    x1, y1, x2, y2 = _bounds(camera, package, base)
    return max(x1, 0.0), max(y1, 0.0), min(x2, float(camera.width)), min(y2, float(camera.height))


def observe(scene: Scene, camera: Camera, drawing: Drawing, blocked: Mask) -> Truth:
    """Measure the truth on the drawing; `blocked` (camera resolution) says what stands before the fixture, 0..1."""
    facings: list[SeenFacing] = []
    gaps: list[SeenGap] = []
    full = cv2.resize(blocked, (drawing.ids.shape[1], drawing.ids.shape[0]), interpolation=cv2.INTER_LINEAR)
    order = sorted(range(len(scene.columns)), key=lambda k: (scene.columns[k].shelf, scene.columns[k].x))
    positions: dict[int, int] = {}
    for index in order:
        column = scene.columns[index]
        if column.product is None:
            gaps.append(SeenGap(_gap_box(scene, camera, column), column.shelf, column.slot, column.expected))
            continue
        positions[column.shelf] = positions.get(column.shelf, 0) + 1
        number, k = _front_unit(scene, index), drawing.supersample
        x1, y1, x2, y2 = (
            max(int(value * k), 0) for value in _bounds(camera, column.product.package, scene.units[number].base)
        )
        ys, xs = np.nonzero(drawing.ids[max(y1 - 3, 0) : y2 + 4, max(x1 - 3, 0) : x2 + 4] == number)
        ys, xs = ys + max(y1 - 3, 0), xs + max(x1 - 3, 0)
        if len(xs) < MIN_PIXELS * k**2:
            continue
        box = (float(xs.min() / k), float(ys.min() / k), float((xs.max() + 1) / k), float((ys.max() + 1) / k))
        cut = (
            xs.min() == 0
            or ys.min() == 0
            or xs.max() == drawing.ids.shape[1] - 1
            or ys.max() == drawing.ids.shape[0] - 1
        )
        hidden = float((full[ys, xs] > 0.5).mean())
        facings.append(
            SeenFacing(
                box,
                column.shelf,
                positions[column.shelf],
                column.slot,
                column.product,
                column.expected,
                round(hidden, 4),
                bool(cut),
            )
        )
    return Truth(camera.width, camera.height, tuple(facings), tuple(gaps))


def render(
    scene: Scene, camera: Camera, effects: Effects, seed: int, *, supersample: float = 2.0
) -> tuple[Picture, Truth]:
    """Take a picture of a scene: the same picture for the same arguments, to the pixel.

    Returns:
        The picture (camera.height x camera.width x 3, BGR) and the truth about it.
    """
    drawing = draw(scene, camera, supersample=supersample)
    size = (camera.width, camera.height)
    light = cv2.resize(drawing.light, size, interpolation=cv2.INTER_AREA)
    layer = foreground(effects, camera, scene.fixture, scene.lighting)
    truth = observe(scene, camera, drawing, layer.cover)
    return develop(light, layer, effects, seed), truth

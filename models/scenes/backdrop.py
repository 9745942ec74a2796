"""The fixture without goods, ray by ray: walls, boards, price strips, cabinet, and the room about it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from models.scenes.arrays import Bools, Floats, to_linear
from models.scenes.furniture import PER_MM, ROOM_MM, header_sign, price_strip, room
from models.scenes.light import Place, irradiance, strip_colour
from models.scenes.sampling import sample

if TYPE_CHECKING:
    from models.scenes.camera import Camera
    from models.scenes.lettering import Colour
    from models.scenes.scene import Fixture, Lighting

_ROD_PITCH, _ROD = 13.0, 4.2
_LIP = 7.0  # how far a price strip stands above its board
_FAR = np.float32(1e9)


@dataclass(slots=True)
class Canvas:
    """What each ray sees so far: linear light (h x w x 3) and distance in mm (h x w)."""

    light: Floats
    distance: Floats


def _linear(colour: Colour) -> Floats:
    light: Floats = to_linear(np.array([[colour]], np.uint8))[0, 0]
    return light


def _paint(canvas: Canvas, mask: Bools, light: Floats, distance: Floats) -> None:
    canvas.light[mask] = light
    canvas.distance[mask] = distance


def _inside(canvas: Canvas, *, eye: Floats, rays: Floats, opening: Bools, fixture: Fixture, lighting: Lighting) -> None:
    """Back, sides, floor and ceiling of the cabinet."""
    selected = rays[opening]
    back = (-fixture.depth - eye[2]) / selected[:, 2]
    dx = np.where(np.abs(selected[:, 0]) < 1e-6, 1e-6, selected[:, 0])
    dy = np.where(np.abs(selected[:, 1]) < 1e-6, 1e-6, selected[:, 1])
    side = np.maximum((0 - eye[0]) / dx, (fixture.width - eye[0]) / dx)
    deck = np.maximum((0 - eye[1]) / dy, (fixture.height - eye[1]) / dy)
    stack = np.stack([back, side, deck])
    which = np.argmin(stack, axis=0)
    distance = stack.min(axis=0).astype(np.float32)
    point = eye + distance[:, None] * selected
    normal = np.zeros_like(selected)
    normal[:, 2] = which == 0
    normal[:, 0] = np.where(which == 1, -np.sign(dx), 0)
    normal[:, 1] = np.where(which == 2, -np.sign(dy), 0)
    light = np.zeros_like(selected)
    bounds = [0.0, *[s for s in fixture.shelves if s > 30], fixture.height]
    tone = _linear(fixture.inside)
    for floor, ceiling in pairwise(bounds):
        part = (point[:, 1] >= floor) & (point[:, 1] <= ceiling + 1)
        place = Place(floor, ceiling)
        light[part] = tone * irradiance(fixture, lighting, point=point[part], normal=normal[part], place=place)
    holes = (which == 1) & (np.abs(point[:, 2] + fixture.depth * 0.2) < 5) & (np.mod(point[:, 1], 25) < 9)
    light[holes] *= 0.3
    light *= (1 - 0.35 * np.exp(-np.abs(point[:, 2] + fixture.depth) / 30) * (which != 0))[:, None]
    corner = np.minimum(point[:, 0], fixture.width - point[:, 0])
    light *= (1 - 0.3 * np.exp(-corner / 25) * (which == 0))[:, None]
    _paint(canvas, opening, light, distance)


def _boards(canvas: Canvas, eye: Floats, rays: Floats, fixture: Fixture, lighting: Lighting) -> None:
    """Shelf boards: rods that let see through, or sheets."""
    tone = _linear(fixture.inside) * 0.9
    tops = [*fixture.shelves[1:], fixture.height]
    for shelf, (height, ceiling) in enumerate(zip(fixture.shelves, tops, strict=True)):
        with np.errstate(divide="ignore", invalid="ignore"):
            distance = (height - 1.0 - eye[1]) / rays[..., 1]
        near = (distance > 0) & (distance < canvas.distance)
        distance = np.where(near, distance, 0).astype(np.float32)
        x, z = eye[0] + distance * rays[..., 0], eye[2] + distance * rays[..., 2]
        solid = near & (z < 0) & (z > -fixture.depth + 22) & (x > 1) & (x < fixture.width - 1)
        if fixture.wire and shelf > 0:
            solid &= (np.mod(x, _ROD_PITCH) < _ROD) | (np.abs(np.mod(z, 105) - 50) < 3.5)
        if not solid.any():
            continue
        seen = rays[solid]
        reach = distance[solid]
        point = eye + reach[:, None] * seen
        above = eye[1] > height
        normal = np.zeros_like(seen)
        normal[:, 1] = 1 if above else -1
        place = Place(height - 60, ceiling) if above else Place(height - 400, height + 1)
        light = irradiance(fixture, lighting, point=point, normal=normal, place=place) * tone
        light *= (0.45 + 0.55 * np.exp(point[:, 2] / 60))[:, None]  # goods stand on it and keep the light off
        if fixture.wire and shelf > 0:
            rod = np.mod(point[:, 0], _ROD_PITCH) / _ROD
            light *= (1.15 - 0.9 * np.abs(np.clip(rod, 0, 1) - 0.4))[:, None]
        _paint(canvas, solid, light, reach)


def _strips(canvas: Canvas, eye: Floats, rays: Floats, fixture: Fixture, lighting: Lighting) -> None:
    """Price strips, 2 mm before the boards."""
    distance = ((2.0 - eye[2]) / rays[..., 2]).astype(np.float32)
    x, y = eye[0] + distance * rays[..., 0], eye[1] + distance * rays[..., 1]
    for shelf, height in enumerate(fixture.shelves):
        top = height + _LIP
        mask = (
            (y < top)
            & (y > top - fixture.strip_mm)
            & (x > 1)
            & (x < fixture.width - 1)
            & (distance > 0)
            & (distance < canvas.distance + 60)
        )
        if not mask.any():
            continue
        reach = distance[mask]
        point = eye + reach[:, None] * rays[mask]
        normal = np.zeros_like(point)
        normal[:, 2] = 1
        light = irradiance(fixture, lighting, point=point, normal=normal, place=Place(height - 500, fixture.height))
        print_ = sample(price_strip(fixture, shelf), point[:, 0] * PER_MM, (top - point[:, 1]) * PER_MM)
        light = light * print_ + 0.02 * np.exp(-((top - point[:, 1] - fixture.strip_mm * 0.2) ** 2) / 30)[:, None]
        _paint(canvas, mask, light, reach)


def _cabinet(canvas: Canvas, eye: Floats, rays: Floats, fixture: Fixture, lighting: Lighting) -> None:
    """Frame, header, base and the flank one sees from aside."""
    distance = (-eye[2] / rays[..., 2]).astype(np.float32)
    x, y = eye[0] + distance * rays[..., 0], eye[1] + distance * rays[..., 1]
    left, right = -fixture.frame_mm, fixture.width + fixture.frame_mm
    bottom, top = -fixture.base_mm, fixture.height + fixture.frame_mm + fixture.header_mm
    opening = (x >= 0) & (x <= fixture.width) & (y >= 0) & (y <= fixture.height) & (distance > 0)
    front = (x >= left) & (x <= right) & (y >= bottom) & (y <= top) & ~opening & (distance > 0)
    _inside(canvas, eye=eye, rays=rays, opening=opening, fixture=fixture, lighting=lighting)
    fx, fy = x[front], y[front]
    paint = _linear(fixture.paint)
    edge = np.minimum(np.abs(fx + fixture.frame_mm / 2), np.abs(fx - fixture.width - fixture.frame_mm / 2))
    glow = lighting.room * (0.75 + 0.25 * (fy / fixture.height)) + 0.25 * lighting.top * np.exp(
        -np.abs(fy - fixture.height) / 120
    )
    light = paint * glow[:, None] + (0.05 * lighting.room * np.exp(-((edge / 9) ** 2)))[:, None]
    seal = (np.abs(fx - fixture.width / 2) < fixture.width / 2 + 7) & (fy > -7) & (fy < fixture.height + 7)
    light[seal] = 0.02
    sign = (fy > fixture.height + fixture.frame_mm * 0.6) & (fx > 0) & (fx < fixture.width) & (fy < top - 6)
    row = (top - fy[sign]) / (fixture.header_mm + fixture.frame_mm * 0.4) * fixture.header_mm * PER_MM
    light[sign] = sample(header_sign(fixture), fx[sign] * PER_MM, row) * (0.5 * lighting.room + 0.75 * lighting.top)
    if fixture.door:
        grip = fx - fixture.width - fixture.frame_mm * 0.45
        handle = (np.abs(grip) < 11) & (fy > 0.3 * fixture.height) & (fy < 0.68 * fixture.height)
        light[handle] = (0.04 + 0.5 * lighting.room * np.exp(-(((grip[handle] + 3) / 4) ** 2)))[:, None]
    grille = (fy < -60) & (fx > 30) & (fx < fixture.width - 30) & (fixture.kind == "cooler")
    light[grille] *= np.where(np.mod(fy[grille], 17) < 6, 0.25, 1.0)[:, None]
    _paint(canvas, front, light.astype(np.float32), distance[front])
    wall = -fixture.frame_mm if eye[0] < left else right if eye[0] > right else None
    if wall is not None:
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = np.nan_to_num((wall - eye[0]) / rays[..., 0], posinf=0, neginf=0).astype(np.float32)
        py, pz = eye[1] + reach * rays[..., 1], eye[2] + reach * rays[..., 2]
        flank = (
            (reach > 0) & (pz < 0) & (pz > -fixture.depth - 90) & (py > bottom) & (py < top) & (canvas.distance >= _FAR)
        )
        shade = (0.55 + 0.45 * np.exp(pz[flank] / 300)) * lighting.room * 0.7
        _paint(canvas, flank, paint * shade[:, None], reach[flank])


def _surroundings(canvas: Canvas, eye: Floats, rays: Floats, fixture: Fixture, lighting: Lighting) -> None:
    beyond = canvas.distance >= _FAR
    reach = np.abs((-fixture.depth - 500 - eye[2]) / np.minimum(rays[..., 2][beyond], -1e-3))
    x, y = eye[0] + reach * rays[..., 0][beyond], eye[1] + reach * rays[..., 1][beyond]
    picture = room(fixture)
    rows, columns = picture.shape[:2]
    px = ((x - fixture.width / 2) / ROOM_MM[0] + 0.5) * columns
    py = (0.8 - (y + fixture.base_mm) / ROOM_MM[1]) * rows
    canvas.light[beyond] = sample(picture, px, py) * lighting.room * 1.3


@lru_cache(maxsize=2)
def backdrop(fixture: Fixture, lighting: Lighting, camera: Camera, supersample: float) -> tuple[Floats, Canvas]:
    """Rays of a camera and what they see of an empty fixture; cached, so copy before drawing on it."""
    rays = camera.rays(supersample)
    eye = np.array(camera.eye, np.float32)
    shape = rays.shape[:2]
    canvas = Canvas(np.zeros((*shape, 3), np.float32), np.full(shape, _FAR, np.float32))
    _cabinet(canvas, eye, rays, fixture, lighting)
    _surroundings(canvas, eye, rays, fixture, lighting)
    _boards(canvas, eye, rays, fixture, lighting)
    _strips(canvas, eye, rays, fixture, lighting)
    if fixture.kind == "cooler":
        _lamps(canvas, eye, rays, fixture, lighting)
    return rays, canvas


def _lamps(canvas: Canvas, eye: Floats, rays: Floats, fixture: Fixture, lighting: Lighting) -> None:
    """The strips of light themselves, where they can be seen: up both front edges and along the ceiling's front."""
    reach = ((-12 - eye[2]) / rays[..., 2]).astype(np.float32)
    x, y = eye[0] + reach * rays[..., 0], eye[1] + reach * rays[..., 1]
    for gap in (x - 5, fixture.width - 5 - x):
        tube = (gap > 0) & (gap < 11) & (y > 20) & (y < fixture.height - 10) & (reach > 0) & (reach < canvas.distance)
        _paint(canvas, tube, np.float32(3.2 * lighting.side) * strip_colour(lighting), reach[tube])
    strip = (
        (y > fixture.height - 16)
        & (y < fixture.height - 3)
        & (x > 25)
        & (x < fixture.width - 25)
        & (reach > 0)
        & (reach < canvas.distance)
    )
    _paint(canvas, strip, np.float32(1.8 * lighting.top) * strip_colour(lighting), reach[strip])

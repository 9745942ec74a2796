"""The fixture as solid parts, and the room as light from all directions, for the path tracer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from models.scenes.arrays import to_linear
from models.scenes.furniture import ROOM_MM, header_sign, price_strip, room
from models.scenes.light import strip_colour, surroundings
from models.scenes.meshes import Surface, block, join, sheet
from models.scenes.sampling import sample

if TYPE_CHECKING:
    from models.scenes.arrays import Floats
    from models.scenes.camera import Camera
    from models.scenes.lettering import Colour
    from models.scenes.scene import Fixture, Scene

_ROD_PITCH, _ROD = 13.0, 4.2
_LIP = 7.0  # how far a price strip stands above its board
_SEAL = 8.0
_ENV_ROWS = 512
_LAMP = 32.0  # radiance of a strip of strength 1, so that goods in its light shine about as in the fast renderer


@dataclass(frozen=True, slots=True)
class Fitting:
    """A part: its surface and its colour, linear BGR (3) or a picture of it (h x w x 3).

    A part that `shines` sends its colour out as light, and `weight` says how often paths look for it; `dull` parts
    have no gloss.
    """

    surface: Surface
    colour: Floats | tuple[float, float, float]
    shines: bool = False
    weight: float = 1.0
    dull: bool = False


def _linear(colour: Colour, part: float = 1.0) -> tuple[float, float, float]:
    b, g, r = to_linear(np.array([[colour]], np.uint8))[0, 0] * part
    return float(b), float(g), float(r)


def _inside(fixture: Fixture) -> Fitting:
    w, h, d = fixture.width, fixture.height, fixture.depth
    walls = [
        sheet((0, 0, -d), (w, 0, 0), (0, h, 0)),
        sheet((0, 0, 0), (0, 0, -d), (0, h, 0)),
        sheet((w, 0, -d), (0, 0, d), (0, h, 0)),
        sheet((0, 0, 0), (w, 0, 0), (0, 0, -d)),
        sheet((0, h, -d), (w, 0, 0), (0, 0, d)),
    ]
    return Fitting(join(walls), _linear(fixture.inside, 0.85), dull=True)


def _boards(fixture: Fixture) -> Fitting:
    """Rods where the shelves are wire (the lowest never is), else sheets 3 mm thick."""
    parts = []
    for shelf, height in enumerate(fixture.shelves):
        back, front = -fixture.depth + 22, -0.5
        if not fixture.wire or shelf == 0:
            parts.append(block((1, height - 3, back), (fixture.width - 1, height - 0.2, front)))
            continue
        rods = np.arange(_ROD_PITCH, fixture.width - _ROD_PITCH / 2, _ROD_PITCH)
        parts += [block((x, height - _ROD, back), (x + _ROD, height - 0.2, front)) for x in rods]
        bars = np.arange(-50.0, back, -105.0)
        parts += [block((1, height - _ROD - 6, z - 3), (fixture.width - 1, height - _ROD, z + 3)) for z in bars]
    return Fitting(join(parts), _linear(fixture.inside, 0.75))


def _strips(fixture: Fixture) -> list[Fitting]:
    found = []
    for shelf, height in enumerate(fixture.shelves):
        low = height + _LIP - fixture.strip_mm
        front = sheet((1, low, 2), (fixture.width - 2, 0, 0), (0, fixture.strip_mm, 0))
        found.append(Fitting(front, 0.85 * price_strip(fixture, shelf)))
    return found


def _cabinet(fixture: Fixture) -> list[Fitting]:
    """Frame, base, header, flanks and what lies behind the walls, so that no light leaks in."""
    w, h, f = fixture.width, fixture.height, fixture.frame_mm
    bottom, top = -fixture.base_mm, h + f + fixture.header_mm
    behind = -fixture.depth - 90
    faces = [
        sheet((-f, bottom, 0), (f, 0, 0), (0, top - bottom, 0)),
        sheet((w, bottom, 0), (f, 0, 0), (0, top - bottom, 0)),
        sheet((0, bottom, 0), (w, 0, 0), (0, -bottom, 0)),
        sheet((0, h, 0), (w, 0, 0), (0, top - h, 0)),
        sheet((-f, bottom, behind), (0, 0, -behind), (0, top - bottom, 0)),
        sheet((w + f, bottom, 0), (0, 0, behind), (0, top - bottom, 0)),
        sheet((-f, top, 0), (w + 2 * f, 0, 0), (0, 0, behind)),
        sheet((w + f, bottom, behind), (-w - 2 * f, 0, 0), (0, top - bottom, 0)),
    ]
    found = [Fitting(join(faces), _linear(fixture.paint, 0.85))]
    if fixture.kind == "cooler":
        slots = [sheet((30, y, 0.5), (w - 60, 0, 0), (0, 6, 0)) for y in np.arange(bottom + 20, -60, 17) if w > 80]
        found.append(Fitting(join(slots), (0.01, 0.01, 0.01)))
    if fixture.door:
        x = w + f * 0.45
        found.append(Fitting(block((x - 9, 0.3 * h, 0.5), (x + 9, 0.68 * h, 3)), (0.05, 0.05, 0.05)))
    seal = [
        sheet((-_SEAL, -_SEAL, 0.4), (w + 2 * _SEAL, 0, 0), (0, _SEAL, 0)),
        sheet((-_SEAL, h, 0.4), (w + 2 * _SEAL, 0, 0), (0, _SEAL, 0)),
        sheet((-_SEAL, 0, 0.4), (_SEAL, 0, 0), (0, h, 0)),
        sheet((w, 0, 0.4), (_SEAL, 0, 0), (0, h, 0)),
    ]
    found.append(Fitting(join(seal), (0.02, 0.02, 0.02)))
    return found


def _lamps(scene: Scene) -> list[Fitting]:
    """The lit header, and in coolers strips along the ceiling, along the top of the door and up its sides."""
    fixture, lighting = scene.fixture, scene.lighting
    w, h = fixture.width, fixture.height
    low = h + fixture.frame_mm * 0.6
    tall = fixture.frame_mm * 0.4 + fixture.header_mm - 6
    sign = sheet((0, low, 0.6), (w, 0, 0), (0, tall, 0))
    glow = header_sign(fixture) * 0.9 * (0.5 * lighting.room + 0.75 * lighting.top)
    found = [Fitting(sign, glow.astype(np.float32), shines=True, weight=0.05)]
    if fixture.kind != "cooler":
        return found
    blue, green, red = (float(v) for v in strip_colour(lighting))

    def light(strength: float) -> tuple[float, float, float]:
        return blue * strength * _LAMP, green * strength * _LAMP, red * strength * _LAMP

    # Behind the door's seal, as doors carry them: they light the goods' fronts and no camera looks into them.
    over = sheet((0, h + _SEAL, 0.6), (w, 0, 0), (0, -_SEAL, _SEAL))
    found.append(Fitting(over, light(2.2 * lighting.top), shines=True, weight=1.5))
    ceiling = sheet((20, h - 2, -50), (w - 40, 0, 0), (0, 0, 40))
    found.append(Fitting(ceiling, light(0.5 * lighting.top), shines=True))
    if lighting.side > 0.02:
        left = sheet((0, 10, 0.6 + _SEAL), (-_SEAL, 0, -_SEAL), (0, h - 20, 0))
        right = sheet((w + _SEAL, 10, 0.6), (-_SEAL, 0, _SEAL), (0, h - 20, 0))
        found += [Fitting(tube, light(0.9 * lighting.side), shines=True) for tube in (left, right)]
    return found


def fittings(scene: Scene) -> list[Fitting]:
    """All parts of a scene but its goods."""
    fixture = scene.fixture
    return [_inside(fixture), _boards(fixture), *_strips(fixture), *_cabinet(fixture), *_lamps(scene)]


def room_light(scene: Scene, camera: Camera) -> Floats:
    """Light from all directions (rows from straight up, columns once around, linear BGR) as Mitsuba lays it out.

    Before the fixture are the shop's lamps, doors and windows; behind it the picture of the room, placed so that
    this camera sees it where the fast renderer puts it.
    """
    rows, columns = _ENV_ROWS, 2 * _ENV_ROWS
    theta = (np.arange(rows) + 0.5) / rows * np.pi
    phi = (np.arange(columns) + 0.5) / columns * 2 * np.pi
    y = np.repeat(np.cos(theta)[:, None], columns, axis=1)
    x, z = np.sin(theta)[:, None] * np.sin(phi), -np.sin(theta)[:, None] * np.cos(phi)
    sharp, _ = surroundings(scene.lighting, "rack")
    height, width = sharp.shape[:2]
    u = (np.arctan2(x, z) / (2 * np.pi) + 0.5) * (width - 1)
    v = (1 - y) / 2 * (height - 1)
    shop = sample(sharp, u.ravel().astype(np.float32), v.ravel().astype(np.float32)).reshape(rows, columns, 3)
    weight = (np.clip(z, 0, 1) * np.sin(theta)[:, None])[..., None]
    shop *= scene.lighting.room / max(float((shop * weight).sum() / weight.sum() / 3), 1e-3)
    fixture = scene.fixture
    reach = (fixture.depth + 500 + camera.eye[2]) / np.maximum(-z, 0.05)
    px, py = camera.eye[0] + reach * x, camera.eye[1] + reach * y
    picture = room(fixture)
    across = ((px - fixture.width / 2) / ROOM_MM[0] + 0.5) * picture.shape[1]
    down = (0.8 - (py + fixture.base_mm) / ROOM_MM[1]) * picture.shape[0]
    back = sample(picture, across.ravel().astype(np.float32), down.ravel().astype(np.float32)).reshape(rows, columns, 3)
    behind = (z < -0.05)[..., None]
    light: Floats = np.where(behind, back * scene.lighting.room * 1.3, shop).astype(np.float32)
    return light

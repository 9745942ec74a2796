"""A fixed camera's frames, clean and spoilt: what the quality gate is measured on, with the truth of each.

A `Watch` is one camera before one fixture. Its moments differ as a day's do: units sold and refilled, light and glare
changed. A moment is drawn once in linear light; what spoils it lies between the goods and the file (`effects`), so a
fault costs no new drawing, except another pose of the camera.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

from models.scenes import demo
from models.scenes.arm import Arm, draw_arm
from models.scenes.arrays import to_linear
from models.scenes.effects import Effects, Layer, develop, foreground
from models.scenes.random_scene import random_scene
from models.scenes.render import draw
from models.scenes.scene import Column, Scene, capacity

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.scenes.arrays import Floats, Mask, Picture
    from models.scenes.camera import Camera
    from models.scenes.shopper import Shopper

Stock = Literal["usual", "sold", "nearly_empty", "refilled"]
MOMENTS: tuple[Stock, ...] = ("usual", "sold", "sold", "nearly_empty", "refilled", "sold")
"""What a watch's day goes through: the hard ones for a gate are a shelf that is bare and one that was just filled."""


@dataclass(frozen=True, slots=True)
class Pose:
    """How far a camera was knocked out of place: turned (degrees) and shifted (mm)."""

    pan: float = 0.0
    tilt: float = 0.0
    roll: float = 0.0
    right: float = 0.0
    up: float = 0.0


@dataclass(frozen=True, slots=True)
class Cover:
    """Something before the lens and out of its focus: from which side, over which share, in which colour."""

    share: float
    angle: float  # degrees, the direction it comes from
    colour: tuple[int, int, int]
    light: float = 0.5  # of the room's
    cloth: float = 0.0  # folds, 0 for paper


@dataclass(frozen=True, slots=True)
class Spoilt:
    """Everything that is done to one frame. The defaults do nothing."""

    exposure: float = 0.0  # stops
    defocus: float = 0.0  # pixels, of 640
    shake: float = 0.0  # pixels, of 640
    fog: float = 0.0
    cover: Cover | None = None
    shoppers: tuple[Shopper, ...] = ()
    arms: tuple[Arm, ...] = ()


CLEAN = Spoilt()


@dataclass(frozen=True)
class Watch:
    """One fixed camera. `drawings` keeps what was drawn, by moment and pose."""

    scene: Scene
    camera: Camera
    effects: Effects
    seed: int
    drawings: dict[tuple[int, Pose], Floats] = field(default_factory=dict)


def watch(number: int, *, seed: int = 77) -> Watch:
    """The watch of that number: 0 is the demo's cooler, the others random coolers and racks."""
    if number == 0:
        how = demo.moment(demo.OPENS)
        camera = replace(demo.CAMERA, width=480, height=640)
        return Watch(demo.scene_of(demo.full_columns(), how.lighting), camera, how.effects, seed)
    scene, camera, effects = random_scene(seed, number, gondolas=0.2)
    calm = replace(
        effects,
        exposure=float(np.clip(effects.exposure, -0.3, 0.5)),
        fog=0.0,
        shake=0.0,
        shoppers=(),
        defocus=min(effects.defocus, 1.0),
        jpeg=max(effects.jpeg, 75),
    )
    return Watch(scene, camera, calm, seed + number)


def scene_at(one: Watch, moment: int) -> Scene:
    """What stands there at a moment, and in which light."""
    rng = np.random.default_rng((one.seed, moment, 91))
    stock = MOMENTS[moment % len(MOMENTS)]
    columns = tuple(_restocked(one, column, stock, rng) for column in one.scene.columns)
    light = one.scene.lighting
    lighting = replace(light, room=light.room * float(rng.uniform(0.7, 1.3))) if moment else light
    return replace(one.scene, columns=columns, lighting=lighting)


def _restocked(one: Watch, column: Column, stock: Stock, rng: np.random.Generator) -> Column:
    empty, fewer = rng.random(), rng.random()
    full = capacity(one.scene.fixture, column.expected)
    match stock:
        case "usual":
            return column
        case "refilled":
            return replace(column, product=column.product or column.expected, units=full, front_mm=0.0)
        case "sold" | "nearly_empty":
            if empty < (0.15 if stock == "sold" else 0.65):
                return replace(column, product=None, units=0, stacked=0)
            return replace(column, units=max(1, round(column.units * fewer))) if column.product else column


def posed(camera: Camera, pose: Pose) -> Camera:
    """The camera after it was knocked."""
    right, down, forward = camera.axes()
    pan, tilt = np.radians(pose.pan), np.radians(pose.tilt)
    eye = np.array(camera.eye) + right * pose.right - down * pose.up
    away = float(np.linalg.norm(np.array(camera.target) - np.array(camera.eye)))
    aim = forward + np.tan(pan) * right - np.tan(tilt) * down
    target = eye + aim / np.linalg.norm(aim) * away
    return replace(
        camera,
        eye=(float(eye[0]), float(eye[1]), float(eye[2])),
        target=(float(target[0]), float(target[1]), float(target[2])),
        roll=camera.roll + pose.roll,
    )


def frame(
    one: Watch, moment: int, spoilt: Spoilt = CLEAN, *, pose: Pose | None = None, exposure_seed: int = 0
) -> tuple[Picture, Mask]:
    """One frame, and what of it is hidden by somebody or something in front (height x width, 0..1).

    Args:
        one: the camera.
        moment: which one of its day.
        spoilt: what is wrong.
        pose: where the camera was knocked to.
        exposure_seed: of the sensor's noise; another one is another picture of the same moment.
    """
    pose = pose or Pose()
    key = (moment, pose)
    camera = posed(one.camera, pose)
    scene = scene_at(one, moment)
    if key not in one.drawings:
        drawing = draw(scene, camera, supersample=1.0)
        size = (camera.width, camera.height)
        one.drawings[key] = cv2.resize(drawing.light, size, interpolation=cv2.INTER_AREA)
    light = one.drawings[key]
    rng = np.random.default_rng((one.seed, moment, 92))
    unit = camera.width / 640
    effects = replace(
        one.effects,
        exposure=one.effects.exposure + float(rng.normal(0, 0.1)) + spoilt.exposure,
        warmth=one.effects.warmth + float(rng.normal(0, 0.08)),
        glare=one.effects.glare * float(rng.uniform(0.6, 1.4)),
        defocus=float(np.hypot(one.effects.defocus, spoilt.defocus * unit)),
        shake=spoilt.shake * unit,
        shake_angle=float(rng.uniform(0, 180)),
        fog=spoilt.fog,
        seed=one.seed if not spoilt.fog else one.seed + moment,
        shoppers=spoilt.shoppers,
    )
    layer = foreground(effects, camera, scene.fixture, scene.lighting)
    room = scene.lighting.room + 0.15 * scene.lighting.top
    for arm in spoilt.arms:
        layer = _over(layer, *draw_arm(arm, rows=camera.height, columns=camera.width, room=room))
    if spoilt.cover is not None:
        layer = _over(layer, *_draw_cover(spoilt.cover, camera, room=room, rng=rng))
    return develop(light, layer, effects, one.seed * 1000 + moment * 20 + exposure_seed), layer.cover


def _over(layer: Layer, light: Floats, mask: Mask) -> Layer:
    """Something more, nearer than all before it."""
    cover = np.maximum(layer.cover, mask)
    nearer = layer.light * (1 - mask[..., None]) + light * mask[..., None]
    return replace(layer, light=np.asarray(nearer, np.float32), cover=np.asarray(cover, np.float32))


def _draw_cover(cover: Cover, camera: Camera, *, room: float, rng: np.random.Generator) -> tuple[Floats, Mask]:
    rows, columns = camera.height, camera.width
    ys, xs = np.mgrid[0:rows, 0:columns].astype(np.float32)
    c, s = np.cos(np.radians(cover.angle)), np.sin(np.radians(cover.angle))
    along = (xs - columns / 2) * c + (ys - rows / 2) * s
    edge = np.quantile(along, cover.share) if cover.share < 1 else float(along.max()) + columns
    soft = max(columns * 0.02, 1.0)  # far nearer than the focus
    mask = np.asarray(np.clip((edge - along) / soft + 0.5, 0, 1), np.float32)
    tone = to_linear(np.array([[cover.colour]], np.uint8))[0, 0]
    shade = 1 + 0.25 * along / max(rows, columns)
    if cover.cloth:
        folds = cv2.resize(rng.normal(0, 1, (5, 4)).astype(np.float32), (columns, rows), interpolation=cv2.INTER_CUBIC)
        shade = shade + cover.cloth * folds
    light = tone * np.maximum(shade, 0.05)[..., None] * room * cover.light
    return np.asarray(light, np.float32), mask


def corners_moved(one: Watch, pose: Pose) -> NDArray[np.float64]:
    """Where the fixture's corners are seen before and after a knock: (4, 2, 2) pixels."""
    fixture = one.scene.fixture
    front = np.array([(x, y, 0.0) for x in (0.0, fixture.width) for y in (0.0, fixture.height)])
    return np.stack([one.camera.project(front), posed(one.camera, pose).project(front)], axis=1)

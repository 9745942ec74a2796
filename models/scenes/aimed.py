"""Cameras that were aimed well, and what each would show with one thing wrong: what the diagnosis is measured on.

A good view comes from the renderer, or is a photograph with its boxes; the faults are made on the picture (`spoiling`),
or, of a rendered one, between the goods and the lens (`faults`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from models.scenes import spoiling
from models.scenes.arm import Arm
from models.scenes.camera import Camera
from models.scenes.faults import Cover, Pose, Spoilt, Watch, frame
from models.scenes.random_scene import random_scene
from models.scenes.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from models.scenes.arrays import Picture
    from models.scenes.scene import Fixture

MARGIN = 1.16
"""How much more than the fixture's opening a well aimed camera sees."""

EDGE = 960
CUTS = (0.06, 0.12, 0.25)
TURNS = (-12.0, -8.0, -6.0, 6.0, 8.0, 12.0)
BARS = (0.08, 0.12, 0.2)
DOORS = (0.2, 0.35)


@dataclass(frozen=True, slots=True)
class Case:
    """One frame, and what is wrong with it."""

    fault: str  # a code of `edge.aim.findings`, or "good"
    strength: str
    picture: Picture
    turned: float | None = None  # degrees clockwise, in addition to what the good view had
    unplanned: bool = False  # whether the planogram is another fixture's
    more_shelves: int = 0  # planned above those that are there


@dataclass(frozen=True, slots=True)
class Good:
    """A view with nothing wrong: the picture, and where the goods stand in it."""

    picture: Picture
    goods: NDArray[np.float64]  # x1, y1, x2, y2 of all of them, pixels
    top_shelf: float  # y above which nothing but the upmost shelf stands, pixels
    across: float  # median width of a facing, pixels


def aimed(seed: int, number: int) -> Watch:
    """A filled fixture of a series and a camera aimed at it as a careful person does."""
    scene, _, effects = random_scene(seed, number, gondolas=0.0)
    rng = np.random.default_rng((seed, number, 301))
    columns = tuple(
        replace(column, product=column.product if rng.random() < 0.04 else column.expected, units=max(column.units, 1))
        for column in scene.columns
    )
    calm = replace(
        effects,
        exposure=float(np.clip(effects.exposure, -0.4, 0.4)),
        glare=min(effects.glare, 0.3),
        fog=0.0,
        shake=0.0,
        shoppers=(),
        defocus=min(effects.defocus, 0.8),
        noise=min(effects.noise, 0.008),
        jpeg=max(effects.jpeg, 80),
    )
    return Watch(replace(scene, columns=columns), _camera(scene.fixture, rng), calm, seed + number)


def _camera(fixture: Fixture, rng: np.random.Generator) -> Camera:
    tall = fixture.height > fixture.width
    width, height = (EDGE * 3 // 4, EDGE) if tall else (EDGE, EDGE * 3 // 4)
    away = float(rng.uniform(1100, 2200))
    x, y = fixture.width / 2, fixture.height / 2
    eye = (x + float(rng.normal(0, 0.07)) * away, y + float(rng.uniform(-0.02, 0.2)) * away, away)
    span = MARGIN * max(fixture.height, fixture.width * height / width)
    field = float(np.degrees(2 * np.arctan(span / 2 / away * min(width, height) / height)))
    return Camera(width, height, eye, (x, y, 0.0), field, float(np.clip(rng.normal(0, 0.8), -2, 2)), 0.2)


def good_view(one: Watch) -> Good:
    """What a well aimed camera shows, and where the goods of the rendered fixture stand."""
    fixture = one.scene.fixture
    fronts = [
        (column.x + side * column.expected.package.width_mm / 2, fixture.shelves[column.shelf - 1] + up, 0.0)
        for column in one.scene.columns
        for side in (-1, 1)
        for up in (0.0, column.expected.package.height_mm)
    ]
    corners = one.camera.project(np.array(fronts))
    limits = np.array([one.camera.width, one.camera.height] * 2)
    goods = np.clip(np.concatenate([corners.min(axis=0), corners.max(axis=0)]), 0, limits)
    board = np.array([[fixture.width / 2, fixture.shelves[-1], 0.0]])
    widths = [column.expected.package.width_mm for column in one.scene.columns]
    scale = (goods[2] - goods[0]) / (max(x for x, _, _ in fronts) - min(x for x, _, _ in fronts))
    return Good(frame(one, 0)[0], goods, float(one.camera.project(board)[0, 1]), float(np.median(widths) * scale))


def rendered_cases(one: Watch) -> Iterator[Case]:
    """What is made between the goods and the lens: light, glass, lens, and who stands in front."""
    rng = np.random.default_rng((one.seed, 305))
    for code, strength, spoilt in _spoilt(rng):
        yield Case(code, strength, frame(one, 0, spoilt, exposure_seed=3)[0])
    yield Case("no_products", "turned away", frame(one, 0, pose=Pose(pan=75.0))[0])


def _spoilt(rng: np.random.Generator) -> Iterator[tuple[str, str, Spoilt]]:
    yield from (("dark", f"{stops:+g} stops", Spoilt(exposure=stops)) for stops in (-3.5, -4.5, -6.0))
    yield from (("bright", f"{stops:+g} stops", Spoilt(exposure=stops)) for stops in (2.5, 3.5, 4.5))
    yield from (("fogged", f"fog {strength:g}", Spoilt(fog=strength)) for strength in (0.6, 0.8, 1.0, 1.2))
    yield from (("blurred", f"defocus {pixels:g} px", Spoilt(defocus=pixels)) for pixels in (3.0, 5.0, 8.0))
    yield from (("blurred", f"shake {pixels:g} px", Spoilt(shake=pixels)) for pixels in (14.0, 24.0))
    colour = (90, 110, 130)
    yield "blank", "paper over all", Spoilt(cover=Cover(1.0, 0.0, colour))
    yield "blank", "paper over 80%", Spoilt(cover=Cover(0.8, float(rng.uniform(0, 360)), colour))
    for breadth in (0.3, 0.5, 0.8):
        shopper = Shopper(float(rng.uniform(0.3, 0.7)), float(rng.uniform(0, 0.2)), breadth, int(rng.integers(999)))
        yield "people", f"shopper {breadth:g}", Spoilt(shoppers=(shopper,))
    for breadth in (0.09, 0.13, 0.18):
        start = ((0.0, 0.7), (1.0, 0.7), (0.5, 1.0))[int(rng.integers(3))]
        arm = Arm(start, (float(rng.uniform(0.4, 0.6)), float(rng.uniform(0.3, 0.5))), breadth, int(rng.integers(999)))
        yield "blocked", f"arm {breadth:g}", Spoilt(arms=(arm,))


def photographed_cases(good: Good, seed: int) -> Iterator[Case]:
    """The same faults made on a finished picture, as far as they can be."""
    rng, picture = np.random.default_rng((seed, 303)), good.picture
    for stops in (-3.5, -4.5, -6.0):
        yield Case("dark", f"{stops:+g} stops", spoiling.exposed(picture, stops, rng))
    for stops in (1.5, 2.5, 3.5):
        yield Case("bright", f"{stops:+g} stops", spoiling.exposed(picture, stops, rng))
    for strength in (0.6, 0.8, 1.0, 1.2):
        yield Case("fogged", f"fog {strength:g}", spoiling.fogged(picture, strength, rng))
    for pixels in (3.0, 5.0, 8.0):
        yield Case("blurred", f"defocus {pixels:g} px", spoiling.defocused(picture, pixels))
    for pixels in (14.0, 24.0):
        yield Case("blurred", f"shake {pixels:g} px", spoiling.shook(picture, pixels, float(rng.uniform(0, 180))))


def pictured_cases(good: Good, seed: int) -> Iterator[Case]:
    """Faults that are made on the finished picture, rendered or photographed."""
    rng, picture = np.random.default_rng((seed, 307)), good.picture
    for share in (0.3, 0.5, 0.8):
        yield Case("fogged", f"smeared over {share:.0%}", spoiling.smeared(picture, share, rng))
    for strength in (2.0, 4.0, 6.0):
        yield Case("glare", f"mirrored {strength:g}", spoiling.mirrored_light(picture, strength, rng))
    for stops in (1.5, 2.5):
        yield Case("glare", f"backlit {stops:g} stops", spoiling.backlit(picture, stops, good.goods))
    for quarters, said in ((1, "on its left side"), (2, "upside down"), (3, "on its right side")):
        yield Case("turned", said, np.ascontiguousarray(np.rot90(picture, quarters)))
    for degrees in TURNS:
        yield Case("tilted", f"{abs(degrees):g}°", spoiling.turned(picture, degrees), turned=degrees)
    yield from _framed(good)
    left, _, right, _ = good.goods
    for share in BARS:
        start = float(rng.uniform(left + 0.15 * (right - left), right - (0.15 + share) * (right - left)))
        across = (start, start + share * (right - left))
        yield Case("blocked", f"bar over {share:.0%}", spoiling.barred(picture, across, rng))
    for share in DOORS:
        near = share * (right - left)
        beyond = picture.shape[1] + 99.0
        across = (-99.0, left + near) if rng.integers(2) else (right - near, beyond)
        yield Case("blocked", f"door over {share:.0%}", spoiling.barred(picture, across, rng))


def _framed(good: Good) -> Iterator[Case]:
    """What a camera shows that looks past the fixture, or stands too near or too far."""
    picture = good.picture
    rows = picture.shape[0]
    x1, y1, x2, y2 = good.goods
    for share in CUTS:
        across, down = share * (x2 - x1), share * (y2 - y1)
        said = f"{share:.0%} cut off"
        yield Case("cut_left", said, picture[:, round(x1 + across) :])
        yield Case("cut_right", said, picture[:, : round(x2 - across)])
        yield Case("cut_top", said, picture[round(y1 + down) :])
        yield Case("cut_bottom", said, picture[: round(y2 - down)])
        yield Case("near", said, picture[:, round(x1 + across) : round(x2 - across)])
    top = round(good.top_shelf)
    if rows - top > rows / 3:
        yield Case("shelves_unseen", "the upmost out of view", picture[top:])
    yield Case("shelves_unseen", "two more planned", picture, more_shelves=2)
    yield from (
        Case("far", f"facings of {pixels} px", spoiling.smaller(picture, pixels / good.across))
        for pixels in (13, 10, 7)
        if pixels < good.across
    )

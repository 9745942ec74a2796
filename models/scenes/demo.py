"""The demo's cooler: its owner's range, its planogram, and the story of its day."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import numpy as np

from models.scenes.camera import Camera
from models.scenes.effects import Effects
from models.scenes.products import Product, invent_product
from models.scenes.render import render
from models.scenes.scene import Column, Fixture, Lighting, Scene, capacity
from models.scenes.shopper import Shopper
from models.scenes.story import Drain, Intrusion, Plan, Refill, State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.scenes.arrays import Picture
    from models.scenes.truth import Truth

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
OPENS = datetime(2026, 3, 14, 8, 0, tzinfo=ZONE)
CLOSES = datetime(2026, 3, 14, 22, 0, tzinfo=ZONE)
EVERY = timedelta(minutes=20)
OWNER = "Lurralos Drinks Co."
COMPETITOR_SEED = 900_217
UNKNOWN_SEED = 900_504
STORY_SEED = 20260314
# Shelves from the bottom up; (seed, facings) from left to right.
LAYOUT: tuple[tuple[tuple[int, int], ...], ...] = (
    ((900_192, 4), (900_193, 3), (900_194, 3)),
    ((900_176, 3), (900_177, 2), (900_178, 2), (900_179, 2), (900_182, 1)),
    ((900_320, 3), (900_321, 2), (900_322, 2), (900_323, 2), (900_327, 1)),
    ((900_168, 3), (900_169, 2), (900_170, 2), (900_324, 2), (900_326, 2)),
)
SELLS_OUT_SEED = 900_321
LOSES_FACINGS_SEED = 900_176
SPACING_MM = 4.0

FIXTURE = Fixture(
    kind="cooler",
    width=760,
    height=1040,
    depth=430,
    shelves=(20.0, 314.0, 594.0, 812.0),
    header="Lurralos",
    paint=(150, 62, 22),
    strip_paint=(150, 62, 22),
    door=True,
    seed=14,
)
CAMERA = Camera(720, 960, eye=(445.0, 660.0, 1400.0), target=(381.0, 536.0, 0.0), field=37.5, roll=0.5, bend=0.25)


@cache
def own_product(seed: int) -> Product:
    """A product of the demo's owner: its brands belong to one company."""
    return replace(invent_product(seed), owner=OWNER)


@cache
def competitor() -> Product:
    """The competitor's product: in the catalogue, under its own owner."""
    return invent_product(COMPETITOR_SEED)


@cache
def unknown() -> Product:
    """A product that is in no catalogue."""
    return invent_product(UNKNOWN_SEED)


def own_products() -> tuple[Product, ...]:
    """The planogram's products, in its order."""
    return tuple(own_product(seed) for shelf in LAYOUT for seed, _ in shelf)


def catalogue_products() -> tuple[Product, ...]:
    """What the demo's catalogue is enrolled from: the owner's range and the competitor's product."""
    return (*own_products(), competitor())


@cache
def full_columns() -> tuple[Column, ...]:
    """All columns as they stand when the shop opens, full."""
    columns: list[Column] = []
    for shelf, row in enumerate(LAYOUT, start=1):
        widths = [own_product(seed).package.width_mm + SPACING_MM for seed, facings in row for _ in range(facings)]
        x, slot = (FIXTURE.width - sum(widths)) / 2, 0
        for seed, facings in row:
            product = own_product(seed)
            for _ in range(facings):
                slot += 1
                pitch = product.package.width_mm + SPACING_MM
                turn = shelf * 100 + slot
                columns.append(
                    Column(shelf, slot, x + pitch / 2, product, product, capacity(FIXTURE, product), turn_seed=turn)
                )
                x += pitch
    return tuple(columns)


def _at(hour: int, minute: int) -> datetime:
    return OPENS.replace(hour=hour, minute=minute)


def _columns_of(seed: int) -> tuple[int, ...]:
    return tuple(index for index, column in enumerate(full_columns()) if column.expected.seed == seed)


@cache
def day_plan() -> Plan:
    """The day: one product sells out at 13:10 and is back at 16:40, another loses facings, strangers creep in."""
    losing = _columns_of(LOSES_FACINGS_SEED)
    water = _columns_of(LAYOUT[0][0][0])
    everything = tuple(range(len(full_columns())))
    return Plan(
        opens=OPENS,
        closes=CLOSES,
        every=EVERY,
        columns=full_columns(),
        sales_per_hour=0.32,
        drains=(
            Drain(_columns_of(SELLS_OUT_SEED), _at(8, 10), _at(13, 10)),
            Drain(losing[2:], _at(8, 5), _at(10, 50)),
            Drain(losing[1:2], _at(9, 30), _at(14, 15)),
            Drain(water[3:], _at(9, 0), _at(12, 35)),
        ),
        refills=(Refill(tuple(k for k in everything if k not in (*losing[1:], *water[3:])), _at(16, 40)),),
        intrusions=(
            Intrusion(losing[2], competitor(), 3, _at(11, 30), _at(20, 50)),
            Intrusion(water[3], unknown(), 2, _at(15, 5), _at(19, 30)),
        ),
    )


@dataclass(frozen=True, slots=True)
class Moment:
    """How one frame is taken: its state and what lies between goods and file."""

    state: State
    lighting: Lighting
    effects: Effects


_BLOCKED, _BLURRED, _DARK, _PASSING = (10, 40), (14, 20), (18, 40), (17, 20)


def moment(time: datetime) -> Moment:
    """Light and effects of the frame taken at `time`: daylight fades through the day, and three frames are bad."""
    hour = time.hour + time.minute / 60
    rng = np.random.default_rng((STORY_SEED, int(hour * 60), 71))
    daylight = float(np.clip(np.sin((hour - 6) / 12.5 * np.pi), 0, 1))
    lighting = Lighting(top=1.0, side=0.5, room=round(0.42 + 0.2 * daylight, 2), cool=0.3, seed=3)
    effects = Effects(
        exposure=0.42 + float(rng.normal(0, 0.04)),
        warmth=0.25 - 0.3 * daylight + float(rng.normal(0, 0.03)),
        glare=0.25 + 0.4 * daylight,
        noise=0.005,
        defocus=0.55,
        vignette=0.3,
        seed=STORY_SEED,
    )
    key = (time.hour, time.minute)
    if key == _BLOCKED:
        shoppers = (Shopper(0.52, -0.02, 1.22, 8),)
        return Moment("blocked", lighting, replace(effects, shoppers=shoppers))
    if key == _PASSING:
        return Moment("clear", lighting, replace(effects, shoppers=(Shopper(1.0, 0.2, 0.42, 5),)))
    if key == _BLURRED:
        return Moment("blurred", lighting, replace(effects, shake=34.0, shake_angle=20.0, defocus=2.5))
    if key == _DARK:
        dark = replace(lighting, top=0.015, side=0.01, room=0.05)
        return Moment("dark", dark, replace(effects, exposure=-0.6, noise=0.012, glare=0.02))
    return Moment("clear", lighting, effects)


_INSTALLED_FROM = ((250.0, 760.0, 1350.0), (560.0, 560.0, 1250.0), (380.0, 820.0, 1500.0))
"""Where the phone was held, in mm, when the cooler was filled for the first time."""


def installation() -> Iterator[tuple[Picture, Truth]]:
    """The photographs a technician takes of the filled cooler on the day the unit is installed: products to enrol.

    Another day than the demo's: other light, other places of the camera, and every package turned otherwise.
    """
    for number, eye in enumerate(_INSTALLED_FROM):
        columns = tuple(
            replace(column, turn_seed=10_000 * (number + 1) + column.turn_seed) for column in full_columns()
        )
        lighting = Lighting(top=0.9 + 0.15 * number, side=0.4, room=0.45 + 0.1 * number, cool=0.2, seed=40 + number)
        effects = Effects(exposure=0.35, warmth=0.1 * number, glare=0.1, noise=0.006, defocus=0.6, vignette=0.2)
        phone = replace(CAMERA, eye=eye, bend=0.0, field=40.0, roll=1.0 - number)
        yield render(scene_of(columns, lighting), phone, effects, 77_000 + number)


def scene_of(columns: tuple[Column, ...], lighting: Lighting) -> Scene:
    """The demo's cooler with these columns in it."""
    return Scene(FIXTURE, columns, lighting)

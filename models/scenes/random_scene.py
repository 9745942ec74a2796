"""Random coolers and racks full of training products, for detector and embedder training."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.scenes.camera import Camera
from models.scenes.effects import Effects
from models.scenes.names import brand_name
from models.scenes.palette import hsv
from models.scenes.products import BRAND_SIZE, TRAINING_SEEDS, Product, invent_product
from models.scenes.render import render
from models.scenes.scene import Column, Fixture, Lighting, Scene, capacity
from models.scenes.shopper import Shopper

GONDOLAS = 0.35
"""The share of scenes that show a close-up of supermarket shelves, a hundred facings and more."""

if TYPE_CHECKING:
    from models.scenes.arrays import Picture
    from models.scenes.truth import Truth


def _fixture(rng: np.random.Generator) -> Fixture:
    cooler = bool(rng.random() < 0.65)
    width = float(rng.uniform(520, 900) if cooler else rng.uniform(700, 1250))
    shelves, y = [], float(rng.uniform(10, 40))
    for _ in range(int(rng.integers(2, 6))):
        shelves.append(y)
        y += float(rng.uniform(190, 330))
    paint = hsv(float(rng.integers(180)), float(rng.uniform(0.1, 0.95)), float(rng.uniform(0.12, 0.8)))
    value = float(rng.uniform(0.82, 0.96) if rng.random() < 0.8 else rng.uniform(0.12, 0.4))
    same = rng.random() < 0.6
    return Fixture(
        kind="cooler" if cooler else "rack",
        width=width,
        height=y,
        depth=float(rng.uniform(300, 480)),
        shelves=tuple(shelves),
        wire=bool(rng.random() < 0.7),
        strip_mm=float(rng.uniform(14, 48)),
        strip_style=("logo", "tags", "plain")[int(rng.integers(3))],
        header=brand_name(rng) if rng.random() < 0.85 else "",
        header_mm=float(rng.uniform(90, 240)),
        paint=paint,
        inside=hsv(float(rng.integers(180)), float(rng.uniform(0, 0.05)), value),
        strip_paint=paint if same else hsv(float(rng.integers(180)), 0.7, float(rng.uniform(0.2, 0.95))),
        door=cooler and bool(rng.random() < 0.6),
        seed=int(rng.integers(2**31)),
    )


def _gondola(rng: np.random.Generator) -> Fixture:
    """A stretch of supermarket shelving: wide, many shelves close together, price tags, no machine around it."""
    shelves, y = [], float(rng.uniform(10, 60))
    for _ in range(int(rng.integers(5, 8))):
        shelves.append(y)
        y += float(rng.uniform(165, 290))
    return Fixture(
        kind="rack",
        width=float(rng.uniform(1500, 2600)),
        height=y,
        depth=float(rng.uniform(300, 480)),
        shelves=tuple(shelves),
        wire=bool(rng.random() < 0.2),
        strip_mm=float(rng.uniform(20, 44)),
        strip_style=("tags", "tags", "plain")[int(rng.integers(3))],
        header="",
        header_mm=float(rng.uniform(10, 40)),
        paint=hsv(float(rng.integers(180)), float(rng.uniform(0, 0.4)), float(rng.uniform(0.2, 0.95))),
        inside=hsv(float(rng.integers(180)), float(rng.uniform(0, 0.08)), float(rng.uniform(0.5, 0.95))),
        strip_paint=hsv(float(rng.integers(180)), float(rng.uniform(0, 0.8)), float(rng.uniform(0.5, 0.97))),
        door=False,
        seed=int(rng.integers(2**31)),
    )


def _range(rng: np.random.Generator, brands: tuple[int, int] = (2, 6)) -> list[Product]:
    """What the shop carries: a few brands with several variants each, and odd ones, all from training seeds."""
    products = []
    for _ in range(int(rng.integers(*brands))):
        first = int(rng.integers(len(TRAINING_SEEDS) // BRAND_SIZE)) * BRAND_SIZE
        variants = rng.permutation(BRAND_SIZE)[: int(rng.integers(1, 6))]
        products += [invent_product(TRAINING_SEEDS[first + int(k)]) for k in variants]
    products += [
        invent_product(TRAINING_SEEDS[int(rng.integers(len(TRAINING_SEEDS)))]) for _ in range(int(rng.integers(0, 4)))
    ]
    return products


def _fill(fixture: Fixture, products: list[Product], rng: np.random.Generator) -> list[Column]:
    columns: list[Column] = []
    stocked = float(rng.choice((0.98, 0.93, 0.75, 0.5), p=(0.4, 0.3, 0.2, 0.1)))
    feeds = bool(rng.random() < 0.6)
    for shelf in range(1, len(fixture.shelves) + 1):
        room = fixture.clearance(shelf)
        fitting = [product for product in products if product.package.height_mm < room - 10]
        if not fitting:
            continue
        x, slot = float(rng.uniform(4, 20)), 0
        spacing = float(rng.uniform(1.5, 8))
        while True:
            product = fitting[int(rng.integers(len(fitting)))]
            width = product.package.width_mm + spacing
            full = int(min((fixture.width - 4 - x) // width, int(rng.integers(1, 6))))
            if full <= 0:
                break
            low = bool(rng.random() < 0.5)
            for _ in range(full):
                slot += 1
                here = bool(rng.random() < stocked)
                most = capacity(fixture, product)
                units = int(rng.integers(1, most + 1)) if low else most
                back = 0.0 if feeds or rng.random() < 0.6 else float(rng.uniform(0, fixture.depth * 0.35))
                units = max(1, min(units, int((fixture.depth - back - 12) // (product.package.depth_mm + 3))))
                two_high = (
                    product.package.kind == "can" and 2 * product.package.height_mm < room - 8 and rng.random() < 0.3
                )
                turn = int(rng.integers(2**31))
                columns.append(
                    Column(
                        shelf,
                        slot,
                        x + width / 2,
                        product,
                        product if here else None,
                        units,
                        back,
                        turn,
                        units if two_high else 0,
                    )
                )
                x += width
            if rng.random() < 0.12:
                x += float(rng.uniform(10, 120))
    return columns


def _camera(fixture: Fixture, rng: np.random.Generator) -> Camera:
    width, height = ((480, 640), (640, 480), (640, 640))[int(rng.choice(3, p=(0.6, 0.2, 0.2)))]
    away = float(rng.uniform(900, 2300))
    middle = np.array((fixture.width / 2, fixture.height / 2))
    aim = middle + rng.normal(0, (50, 70))
    eye = (
        float(middle[0] + rng.normal(0, 0.22) * away),
        float(np.clip(middle[1] + rng.normal(0.05, 0.22) * away, 80, 1900)),
        away,
    )
    span = max(fixture.height * rng.uniform(0.75, 1.5), fixture.width * height / width * rng.uniform(0.75, 1.3))
    field = np.degrees(2 * np.arctan(span / 2 / away * min(width, height) / height))
    bend = float(rng.choice((0.0, 0.3, 1.0), p=(0.55, 0.3, 0.15)))
    return Camera(
        width,
        height,
        eye,
        (float(aim[0]), float(aim[1]), 0.0),
        float(np.clip(field, 22, 95)),
        float(rng.normal(0, 2.5)),
        bend,
    )


def _close_camera(fixture: Fixture, rng: np.random.Generator) -> Camera:
    """A camera that sees a part of a gondola and nothing else, as people photograph supermarket shelves."""
    width, height = ((480, 640), (640, 480), (640, 640))[int(rng.choice(3, p=(0.5, 0.2, 0.3)))]
    away = float(rng.uniform(1100, 2200))
    seen = float(rng.uniform(0.75, 1.05)) * fixture.height
    across = seen * width / height
    slack = max(0.0, fixture.width - across) / 2
    aim = (fixture.width / 2 + float(rng.uniform(-slack, slack)), fixture.height / 2 + float(rng.normal(0, 40)))
    eye = (aim[0] + float(rng.normal(0, 0.15)) * away, aim[1] + float(rng.normal(0.03, 0.12)) * away, away)
    field = float(np.degrees(2 * np.arctan(seen / 2 / away * min(width, height) / height)))
    bend = float(rng.choice((0.0, 0.3), p=(0.7, 0.3)))
    return Camera(width, height, eye, (*aim, 0.0), float(np.clip(field, 22, 95)), float(rng.normal(0, 2)), bend)


def _chance(rng: np.random.Generator, odds: float, low: float, high: float) -> float:
    return float(rng.uniform(low, high)) if rng.random() < odds else 0.0


def _effects(rng: np.random.Generator) -> Effects:
    shoppers: tuple[Shopper, ...] = ()
    if rng.random() < 0.08:
        side = float(rng.choice((rng.uniform(-0.1, 0.15), rng.uniform(0.85, 1.1))))
        shoppers = (Shopper(side, float(rng.uniform(0, 0.4)), float(rng.uniform(0.3, 0.6)), int(rng.integers(2**31))),)
    return Effects(
        exposure=float(rng.normal(0.05, 0.45)),
        warmth=float(rng.normal(0, 0.5)),
        vignette=float(rng.uniform(0, 0.5)),
        bloom=float(rng.uniform(0.01, 0.12)),
        noise=float(rng.uniform(0.001, 0.016)),
        defocus=float(rng.uniform(0.2, 1.3)),
        shake=_chance(rng, 0.12, 2, 5),
        shake_angle=float(rng.uniform(0, 180)),
        contrast=float(rng.uniform(0.8, 1.2)),
        glare=_chance(rng, 0.4, 0.1, 0.9),
        fog=_chance(rng, 0.2, 0.2, 0.7),
        fringe=float(rng.uniform(0, 0.002)),
        jpeg=int(rng.integers(45, 95)),
        seed=int(rng.integers(2**31)),
        shoppers=shoppers,
    )


def random_scene(seed: int, number: int, *, gondolas: float = GONDOLAS) -> tuple[Scene, Camera, Effects]:
    """Draw the scene `number` of a series: fixture, goods, light, camera and effects.

    Args:
        seed: of the series.
        number: within it.
        gondolas: the share of close-ups of supermarket shelves.
    """
    rng = np.random.default_rng((seed, number, 81))
    gondola = bool(np.random.default_rng((seed, number, 82)).random() < gondolas)
    fixture = _gondola(rng) if gondola else _fixture(rng)
    columns = _fill(fixture, _range(rng, (5, 12)) if gondola else _range(rng), rng)
    cooler = fixture.kind == "cooler"
    lighting = Lighting(
        top=float(rng.uniform(0.5, 1.4) if cooler else rng.uniform(0.1, 0.5)),
        side=float(rng.uniform(0, 0.8) if cooler else 0.05),
        room=float(rng.uniform(0.2, 0.8) if cooler else rng.uniform(0.6, 1.2)),
        cool=float(rng.normal(0, 0.6)),
        seed=int(rng.integers(2**31)),
    )
    camera = _close_camera(fixture, rng) if gondola else _camera(fixture, rng)
    return Scene(fixture, tuple(columns), lighting), camera, _effects(rng)


def random_picture(
    seed: int, number: int, *, supersample: float = 1.5, gondolas: float = GONDOLAS
) -> tuple[Picture, Truth]:
    """Render the scene `number` of a series."""
    scene, camera, effects = random_scene(seed, number, gondolas=gondolas)
    return render(scene, camera, effects, number, supersample=supersample)

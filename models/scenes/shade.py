"""What a lit package looks like where a ray meets it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.arrays import Floats, smoothstep, to_linear
from models.scenes.layers import Shaded
from models.scenes.light import Place, irradiance, mirrored, surroundings
from models.scenes.packages import PACKAGES
from models.scenes.products import Product, invent_product
from models.scenes.sampling import sample
from models.scenes.skin import CLEAR, GLOSS, METAL, ROWS, SCALE

if TYPE_CHECKING:
    from models.scenes.scene import Fixture, Lighting, Unit
    from models.scenes.solids import Hits

_LEVELS = 5


@lru_cache(maxsize=48)
def _pyramid(seed: int) -> tuple[tuple[Floats, ...], Floats]:
    """A product's skin in linear light at 1, 1/2, 1/4 … of its size, and its top."""
    skin = invent_product(seed).skin
    levels = [to_linear(skin.around)]
    for _ in range(_LEVELS - 1):
        rows, columns = levels[-1].shape[:2]
        levels.append(cv2.resize(levels[-1], (max(columns // 2, 8), max(rows // 2, 8)), interpolation=cv2.INTER_AREA))
    return tuple(levels), to_linear(skin.top)


def albedo(product: Product, hits: Hits, mm_per_pixel: float) -> Floats:
    """Linear BGR of the skin at each hit, read at the level of detail that a pixel covers."""
    levels, top = _pyramid(product.seed)
    level = int(np.clip(round(np.log2(max(mm_per_pixel * SCALE * 0.8, 1))), 0, _LEVELS - 1))
    picture = levels[level]
    rows, columns = picture.shape[:2]
    colour = sample(picture, hits.u * columns - 0.5, np.clip((1 - hits.v) * rows - 0.5, 0, rows - 1), wrap=True)
    if hits.top.any():
        size = top.shape[0]
        colour[hits.top] = sample(top, hits.u[hits.top] * size - 0.5, hits.v[hits.top] * size - 0.5)
    return colour


def shade(
    unit: Unit,
    hits: Hits,
    *,
    fixture: Fixture,
    lighting: Lighting,
    place: Place,
    point: Floats,
    rays: Floats,
    mm_per_pixel: float,
) -> Shaded:
    """Light (linear BGR) that leaves a unit towards the eye, and what it lets through.

    Diffuse print under the fixture's irradiance; a mirror image of the surroundings by Fresnel (Schlick 1994), tinted
    and strong on metal; clear parts let light through, less at their rims; neighbours keep light off the flanks.
    """
    product = unit.product
    package = PACKAGES[product.package.name]
    material = product.skin.material[np.clip((hits.v * (ROWS - 1)).astype(np.int32), 0, ROWS - 1)]
    metal, gloss, clear = (material[:, k].copy() for k in (METAL, GLOSS, CLEAR))
    if package.kind == "can":
        metal[hits.top], gloss[hits.top] = 0.9, 0.5
    clear[hits.top] = 0
    ink = albedo(product, hits, mm_per_pixel)
    grey = ink.mean(axis=1, keepdims=True)
    ink = 0.02 + 0.84 * (ink + 0.1 * (grey - ink))  # no ink is as pure or as bright as a screen's colours
    light = irradiance(fixture, lighting, point=point, normal=hits.normal, place=place)
    facing = np.clip(-(rays * hits.normal).sum(axis=1), 0, 1)
    flank = np.abs(hits.normal[:, 0])
    closeness = 1 - 0.5 * flank**3 * (1 - 0.5 * hits.normal[:, 1])
    if unit.row > 0:
        closeness *= 0.5 + 0.5 * smoothstep(0.7, 1.0, hits.v)
    body = ink * light * (1 - 0.55 * metal)[:, None]
    ripple = np.cos(9 * np.arcsin(np.clip(flank, 0, 1))) * smoothstep(0.15, 0.5, facing)
    through = 0.42 + 0.72 * facing**1.3 + 0.2 * ripple
    wet = clear > 0
    body *= np.where(wet, through, 1)[:, None]
    tinge = np.clip(ink / np.maximum(ink.max(axis=1, keepdims=True), 1e-3), 0, 1) ** 0.8
    veil = tinge * (clear * smoothstep(0.12, 0.6, facing) * 0.9)[:, None]
    sharp, soft = surroundings(lighting, fixture.kind)
    image = mirrored(soft, rays, hits.normal)
    if gloss.max() > 0.2:
        crisp = mirrored(sharp, rays, hits.normal)
        image += (crisp - image) * smoothstep(0.2, 0.7, gloss)[:, None]
    grazing = (1 - facing) ** 5
    base = 0.045 + 0.5 * metal
    fresnel = (base + (1 - base) * grazing * 0.6) * np.clip(0.3 + gloss, 0, 1)
    tint = 1 + (np.clip(ink * 1.6 + 0.12, 0, 1) - 1) * metal[:, None]
    shelter = (1 - 0.55 * smoothstep(0.45, 0.95, flank)) * (0.55 + 0.45 * np.exp(point[:, 2] / 120))
    brightness = np.clip(light.mean(axis=1), 0.15, 1.2)
    mirror = image * tint * (fresnel * shelter * (0.4 + 0.6 * brightness))[:, None]
    near = closeness[:, None]
    return Shaded(
        (body * near).astype(np.float32), (mirror * near).astype(np.float32), (veil * near).astype(np.float32)
    )

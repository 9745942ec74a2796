"""Invented products: thousands of them, each from one number.

A brand is `BRAND_SIZE` consecutive seeds: they share name, owner, category and design, and differ in variant, colours
and package, as a real range does. The demo's products come from `DEMO_SEEDS`, which no training may use: whoever
trains on rendered pictures draws from `TRAINING_SEEDS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from models.scenes.label import brand_design, panel
from models.scenes.names import BY_INDEX, FLAVOURS, brand_name, owner_name, slug
from models.scenes.packages import BY_CATEGORY, PACKAGES, Package
from models.scenes.palette import variant_palette
from models.scenes.skin import Skin, dress, panel_size

BRAND_SIZE = 8
TRAINING_SEEDS = range(800_000)
DEMO_SEEDS = range(900_000, 901_000)
# How clear what is inside is; a cola's own colour stops the light anyway.
CLARITY = {"soda": 0.6, "water": 0.85, "tea": 0.4, "juice": 0.1, "energy": 0.4, "milk": 0.0}
_SCHEMES = ("flavour", "flavour", "brand", "white", "black")


@dataclass(frozen=True, slots=True, eq=False)
class Product:
    """An invented product. Its GTIN carries 952, the prefix GS1 keeps for demonstrations."""

    seed: int
    id: str
    name: str
    brand: str
    owner: str
    category: str
    package: Package
    gtin: str
    skin: Skin


def gtin13(number: int) -> str:
    """A GTIN-13 under the demonstration prefix 952, with its check digit.

    Raises:
        ValueError: a number that is negative or has more than nine digits.
    """
    if not 0 <= number < 10**9:
        raise ValueError(f"item number {number} does not fit into nine digits")
    digits = f"952{number:09d}"
    total = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


@lru_cache(maxsize=128)
def invent_product(seed: int) -> Product:
    """Invent the product of a seed: the same one every time."""
    brand_seed, place = divmod(seed, BRAND_SIZE)
    brand_rng = np.random.default_rng((brand_seed, 1))
    category = BY_INDEX[int(brand_rng.integers(len(BY_INDEX)))]
    brand, owner = brand_name(brand_rng), owner_name(brand_rng)
    design = brand_design(brand_rng)
    scheme, brand_hue = str(brand_rng.choice(_SCHEMES)), int(brand_rng.integers(180))
    forms = BY_CATEGORY[category]
    usual = int(brand_rng.integers(len(forms)))
    flavour = FLAVOURS[category][place]

    rng = np.random.default_rng((seed, 2))
    form = forms[usual] if rng.random() < 0.65 else forms[int(rng.integers(len(forms)))]
    package = PACKAGES[form]
    palette = variant_palette(
        category=category, hue=flavour.hue, second_hue=flavour.second_hue, scheme=scheme, brand_hue=brand_hue, rng=rng
    )
    rows, columns = panel_size(package)
    litres = package.volume_ml >= 1000
    volume = f"{package.volume_ml / 1000:g} L" if litres else f"{package.volume_ml} ml"
    front = panel(
        height=rows,
        width=columns,
        design=design,
        palette=palette,
        brand=brand,
        variant=flavour.name,
        motif=flavour.motif,
        volume=volume,
        seen_part=0.92 if package.kind == "carton" else 0.6,
        rng=np.random.default_rng((brand_seed, 3)),
    )
    return Product(
        seed=seed,
        id=slug(f"{brand} {flavour.name} {package.kind} {package.volume_ml}"),
        name=f"{brand} {flavour.name} {volume}",
        brand=brand,
        owner=owner,
        category=category,
        package=package,
        gtin=gtin13(seed),
        skin=dress(package, front=front, palette=palette, clarity=CLARITY[category], rng=rng),
    )

"""Invented names: brands from syllables, owners, and the words that stand on a label."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

_HEADS = (
    "Za",
    "Vi",
    "Ko",
    "Lu",
    "Mo",
    "Tre",
    "Fi",
    "Bra",
    "Ni",
    "Sel",
    "Or",
    "Yu",
    "Que",
    "Da",
    "Hal",
    "Pi",
    "Ru",
    "Ta",
)
_MIDDLES = ("ri", "lo", "va", "mi", "ne", "zu", "do", "ka", "le", "pa", "shi", "bo", "tta", "rra", "ni", "xo")
_TAILS = ("", "", "na", "x", "ro", "la", "n", "s", "ki", "da", "vo", "lle", "r", "ta", "m")
_OWNER_ENDS = ("Beverages", "Drinks Co.", "Foods", "Refreshments", "Bottlers")


@dataclass(frozen=True, slots=True)
class Flavour:
    """What a variant is called, its leading hues (OpenCV, 0..179) and the motif drawn on its label."""

    name: str
    hue: int
    second_hue: int
    motif: str


FLAVOURS: dict[str, tuple[Flavour, ...]] = {
    "soda": (
        Flavour("Cola", 2, 12, "bubbles"),
        Flavour("Lime", 50, 38, "citrus"),
        Flavour("Orange", 11, 18, "citrus"),
        Flavour("Grape", 140, 150, "berries"),
        Flavour("Strawberry", 172, 2, "berries"),
        Flavour("Lemon", 26, 32, "citrus"),
        Flavour("Blue Ice", 105, 95, "flake"),
        Flavour("Zero", 0, 0, "bubbles"),
    ),
    "water": (
        Flavour("Still", 104, 98, "wave"),
        Flavour("Sparkling", 88, 95, "bubbles"),
        Flavour("Mineral", 115, 105, "mountain"),
        Flavour("Cucumber", 55, 70, "leaf"),
        Flavour("Citrus", 28, 24, "citrus"),
        Flavour("Berry", 165, 150, "berries"),
        Flavour("Alkaline", 125, 110, "wave"),
        Flavour("Kids", 16, 100, "star"),
    ),
    "tea": (
        Flavour("Green Tea", 45, 60, "leaf"),
        Flavour("Black Tea", 8, 12, "leaf"),
        Flavour("Peach Tea", 10, 5, "peach"),
        Flavour("Lemon Tea", 25, 18, "citrus"),
        Flavour("Jasmine", 35, 30, "flower"),
        Flavour("Oolong", 15, 25, "leaf"),
        Flavour("Lychee Tea", 168, 172, "berries"),
        Flavour("Honey Tea", 20, 22, "drop"),
    ),
    "juice": (
        Flavour("Orange", 12, 20, "citrus"),
        Flavour("Apple", 48, 0, "peach"),
        Flavour("Mango", 18, 10, "peach"),
        Flavour("Guava", 170, 60, "peach"),
        Flavour("Pineapple", 25, 50, "flower"),
        Flavour("Grape", 145, 135, "berries"),
        Flavour("Tomato", 2, 55, "peach"),
        Flavour("Mixed Fruit", 160, 20, "berries"),
    ),
    "energy": (
        Flavour("Classic", 25, 0, "bolt"),
        Flavour("Red", 0, 175, "bolt"),
        Flavour("Blue", 110, 100, "bolt"),
        Flavour("Green", 60, 50, "star"),
        Flavour("Zero", 0, 0, "bolt"),
        Flavour("Tropical", 15, 165, "star"),
        Flavour("Night", 135, 145, "star"),
        Flavour("Gold", 22, 18, "bolt"),
    ),
    "milk": (
        Flavour("Full Cream", 108, 112, "drop"),
        Flavour("Chocolate", 8, 10, "drop"),
        Flavour("Strawberry", 170, 165, "berries"),
        Flavour("Vanilla", 24, 20, "flower"),
        Flavour("Low Fat", 90, 95, "drop"),
        Flavour("Soy", 30, 45, "leaf"),
        Flavour("Banana", 26, 28, "peach"),
        Flavour("Matcha", 48, 42, "leaf"),
    ),
}
BY_INDEX = tuple(FLAVOURS)


def brand_name(rng: np.random.Generator) -> str:
    """A pronounceable name of five to nine letters that is nobody's."""
    parts = [rng.choice(_HEADS), rng.choice(_MIDDLES)]
    if rng.random() < 0.45:
        parts.append(rng.choice(_MIDDLES))
    parts.append(rng.choice(_TAILS))
    return "".join(str(part) for part in parts)


def owner_name(rng: np.random.Generator) -> str:
    """The company behind a brand."""
    return f"{brand_name(rng)} {rng.choice(_OWNER_ENDS)}"


def slug(text: str) -> str:
    """Lower-case words joined by hyphens, as SKU ids are written."""
    return "-".join("".join(c if c.isalnum() else " " for c in text.lower()).split())

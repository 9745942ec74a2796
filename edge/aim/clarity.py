"""How clear a picture is by itself, before its camera's usual view is known: glare, veils and softness."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Clarity:
    """Figures of one picture, of what of it shows the fixture."""

    glare: float  # share that a bright patch washes out
    veiled: float  # share that looks at the goods through fog or dirt
    crispness: float  # how much the finest gradients fall when the picture is blurred once more; as `Measured.edges`

"""The rendered sets of the quality gate: for each reason, spoilt frames of several strengths, with what spoilt them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from models.scenes.arm import Arm
from models.scenes.faults import MOMENTS, Cover, Pose, Spoilt, frame
from models.scenes.shopper import Shopper

if TYPE_CHECKING:
    from collections.abc import Iterator

    from models.scenes.arrays import Picture
    from models.scenes.faults import Watch

EXPOSURES = (-1.5, -2.5, -3.5, -4.5, -6.0)
OVEREXPOSURES = (1.5, 2.5, 3.5, 4.5)
DEFOCUS, SHAKE = (2.0, 3.0, 5.0, 8.0), (8.0, 14.0, 24.0)
FOG = (0.4, 0.6, 0.8, 1.0, 1.2)
COVERED = (0.25, 0.4, 0.6, 0.8, 1.0)
SHOPPERS = (0.3, 0.5, 0.8, 1.1)
ARMS = (0.06, 0.09, 0.13, 0.18)
SHIFTS = (
    Pose(pan=0.3),
    Pose(tilt=1.0),
    Pose(pan=1.2, tilt=-0.8, roll=0.7),
    Pose(right=12.0, up=8.0),
)
KNOCKS = (Pose(pan=6.0), Pose(tilt=-6.0, roll=2.0), Pose(pan=-10.0, tilt=5.0), Pose(pan=4.0, right=150.0))


@dataclass(frozen=True, slots=True)
class Case:
    """One frame to judge."""

    fault: str  # a reason of the contract, "shifted" (moved a little: to be used), or "clean"
    strength: str
    picture: Picture
    pose: Pose | None = None  # where the camera was knocked to


def spoilt_cases(one: Watch, moment: int, last: Picture, *, posed: bool = True) -> Iterator[Case]:
    """Every fault at every strength, at one moment of a watch's day.

    Args:
        one: the camera.
        moment: of its day.
        last: its last clean frame: what a hung camera gives again.
        posed: whether the camera is knocked about too.
    """
    rng = np.random.default_rng((one.seed, moment, 95))
    for fault, strength, spoilt in _spoilt(rng):
        yield Case(fault, strength, frame(one, moment, spoilt, exposure_seed=3)[0])
    yield Case("frozen", "the same frame", last)
    yield Case("frozen", "the same frame, a clock running in it", _with_clock(last))
    for kind, poses in (("shifted", SHIFTS), ("moved", KNOCKS)) if posed else ():
        for pose in poses:
            yield Case(kind, _of(pose), frame(one, moment, pose=pose)[0], pose)


def _spoilt(rng: np.random.Generator) -> Iterator[tuple[str, str, Spoilt]]:
    for reason, steps in (("dark", EXPOSURES), ("blown", OVEREXPOSURES)):
        yield from ((reason, f"{stops:+g} stops", Spoilt(exposure=stops)) for stops in steps)
    yield from (("blurred", f"defocus {pixels:g} px", Spoilt(defocus=pixels)) for pixels in DEFOCUS)
    yield from (("blurred", f"shake {pixels:g} px", Spoilt(shake=pixels)) for pixels in SHAKE)
    yield from (("fogged", f"fog {strength:g}", Spoilt(fog=strength)) for strength in FOG)
    for share in COVERED:
        for kind, folds in (("paper", 0.0), ("cloth", 0.3)):
            yield "covered", f"{kind} over {share:.0%}", Spoilt(cover=_cover(share, folds, rng))
    for breadth in SHOPPERS:
        x, top = float(rng.uniform(0.25, 0.75)), float(rng.uniform(-0.05, 0.3))
        shopper = Shopper(x, top, breadth, int(rng.integers(999)))
        yield "blocked", f"shopper {breadth:g}", Spoilt(shoppers=(shopper,))
    for breadth in ARMS:
        yield "blocked", f"arm {breadth:g}", Spoilt(arms=(_arm(breadth, rng),))


def clean_cases(one: Watch, moments: tuple[int, ...]) -> Iterator[Case]:
    """Frames with nothing wrong: the same moment once more, with other noise, and other moments."""
    for moment in moments:
        yield Case("clean", MOMENTS[moment % len(MOMENTS)].replace("_", " "), frame(one, moment, exposure_seed=4)[0])


def _cover(share: float, folds: float, rng: np.random.Generator) -> Cover:
    blue, green, red = (int(value) for value in rng.integers(30, 230, 3))
    return Cover(share, float(rng.uniform(0, 360)), (blue, green, red), float(rng.uniform(0.3, 1.2)), folds)


def _arm(breadth: float, rng: np.random.Generator) -> Arm:
    starts = ((0.0, rng.uniform(0.4, 0.9)), (1.0, rng.uniform(0.4, 0.9)), (rng.uniform(0.3, 0.7), 1.0))
    x, y = starts[int(rng.integers(3))]
    hand = (float(rng.uniform(0.35, 0.65)), float(rng.uniform(0.3, 0.6)))
    return Arm((float(x), float(y)), hand, breadth, int(rng.integers(999)))


def _with_clock(picture: Picture) -> Picture:
    """What a camera's own clock writes into the picture."""
    written = picture.copy()
    cv2.putText(written, "12:34:56", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (255, 255, 255), 1, cv2.LINE_AA)
    return written


def _of(pose: Pose) -> str:
    parts = [
        f"{name} {getattr(pose, name):g}" for name in ("pan", "tilt", "roll", "right", "up") if getattr(pose, name)
    ]
    return ", ".join(parts)

"""Where people will be: a Kalman filter of constant velocity in seconds, for many people at once.

Centre x, feet y, width and height of a box are each filtered alone with their rate of change (Kalman 1960; white noise
acceleration: Bar-Shalom, Li & Kirubarajan 2001, section 6.2.2). All noise is a share of the person's height, as in
DeepSORT (Wojke et al. 2017), so that near and far people are treated alike, and grows with the seconds that passed, so
that nothing depends on the frame rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

X, FEET, WIDTH, HEIGHT = range(4)
"""The columns of a measurement and of a state."""

LEAST_HEIGHT = 1.0
"""Pixels: below it no box is a person, and shares of a height stay finite."""


@dataclass(frozen=True, slots=True)
class MotionNoise:
    """How people move and how detectors err, in heights of the person."""

    boxes: tuple[float, float, float, float] = (0.04, 0.05, 0.06, 0.06)  # of a measured x, feet, width, height
    acceleration: tuple[float, float, float, float] = (0.42, 0.3, 0.06, 0.07)  # a second, per root of a second
    speed: tuple[float, float, float, float] = (0.9, 0.6, 0.1, 0.15)  # a second, of somebody first seen
    lasting: tuple[float, float, float, float] = (
        2.0,
        2.0,
        0.4,
        0.4,
    )  # seconds, of a rate unseen


@dataclass(frozen=True, slots=True)
class Motion:
    """Estimates for n people."""

    mean: Floats  # (n, 4) x, feet, width, height, in pixels
    rate: Floats  # (n, 4) the same, a second
    spread: Floats  # (n, 4, 3) variance of the mean, covariance, variance of the rate

    @property
    def boxes(self) -> Floats:
        """(n, 4) x1, y1, x2, y2."""
        x, feet, width, height = self.mean.T
        return np.stack([x - width / 2, feet - height, x + width / 2, feet], axis=1)


NOBODY = Motion(np.zeros((0, 4)), np.zeros((0, 4)), np.zeros((0, 4, 3)))


def measured(boxes: Floats) -> Floats:
    """(n, 4) boxes x1, y1, x2, y2 -> (n, 4) x, feet, width, height."""
    x1, y1, x2, y2 = boxes.T
    return np.stack([(x1 + x2) / 2, y2, x2 - x1, np.maximum(y2 - y1, LEAST_HEIGHT)], axis=1)


def first_seen(values: Floats, noise: MotionNoise) -> Motion:
    """The motion of people seen once: they stand, or walk anywhere.

    Args:
        values: (n, 4) what `measured` gives.
        noise: how far that is known.
    """
    height = values[:, HEIGHT, None]
    spread = np.zeros((len(values), 4, 3))
    spread[..., 0] = (height * np.array(noise.boxes)) ** 2
    spread[..., 2] = (height * np.array(noise.speed)) ** 2
    return Motion(values, np.zeros_like(values), spread)


def predict(motion: Motion, seconds: float, unseen: Flags, noise: MotionNoise) -> Motion:
    """The motion after some seconds.

    Args:
        motion: of n people.
        seconds: that have passed.
        unseen: (n,) whose last look failed: they are less and less sure to go on as they did.
        noise: how people move.
    """
    height = motion.mean[:, HEIGHT, None]
    power = (height * np.array(noise.acceleration)) ** 2
    var, cov, rate_var = np.moveaxis(motion.spread, 2, 0)
    spread = np.stack(
        [
            var + 2 * seconds * cov + seconds**2 * rate_var + power * seconds**3 / 3,
            cov + seconds * rate_var + power * seconds**2 / 2,
            rate_var + power * seconds,
        ],
        axis=2,
    )
    mean = motion.mean + seconds * motion.rate
    mean[:, WIDTH:] = np.maximum(mean[:, WIDTH:], LEAST_HEIGHT)
    fading = np.where(unseen[:, None], np.exp(-seconds / np.array(noise.lasting)), 1.0)
    return Motion(mean, motion.rate * fading, spread)


def correct(motion: Motion, values: Floats, doubt: Floats, noise: MotionNoise) -> Motion:
    """The motion after a look.

    Args:
        motion: of n people, predicted to the time of the look.
        values: (n, 4) what `measured` gives.
        doubt: (n, 4) by how much the usual variance of each value is multiplied.
        noise: the usual noise.
    """
    height = motion.mean[:, HEIGHT, None]
    var, cov, rate_var = np.moveaxis(motion.spread, 2, 0)
    total = var + doubt * (height * np.array(noise.boxes)) ** 2
    gain, rate_gain = var / total, cov / total
    off = values - motion.mean
    mean = motion.mean + gain * off
    mean[:, WIDTH:] = np.maximum(mean[:, WIDTH:], LEAST_HEIGHT)
    spread = np.stack([(1 - gain) * var, (1 - gain) * cov, rate_var - rate_gain * cov], axis=2)
    return Motion(mean, motion.rate + rate_gain * off, spread)

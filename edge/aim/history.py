"""What was wrong with a view while its camera was aimed, and was mended: the record tells it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.aim.findings import Code, Finding

HOLD_SECONDS = 3.0
"""What is wrong for a moment, while a hand still turns the camera, did not fail."""


@dataclass(frozen=True, slots=True)
class Followed:
    """One finding, over time."""

    fails: int = 0  # times it failed for long enough
    since: float | None = None  # since when it fails now, seconds
    counted: bool = False  # whether that is one of `fails`
    first: float = float("inf")  # when it first had failed for long enough

    def after(self, *, passed: bool | None, at: float) -> Followed:
        """With one more look. What is not known ends nothing and begins nothing."""
        if passed is None:
            return self
        if passed:
            return Followed(self.fails, None, counted=False, first=self.first)
        since = at if self.since is None else self.since
        if self.counted or at - since < HOLD_SECONDS:
            return Followed(self.fails, since, counted=self.counted, first=self.first)
        return Followed(self.fails + 1, since, counted=True, first=min(self.first, at))


class History:
    """Every finding of one view, from look to look."""

    def __init__(self) -> None:
        self.followed: dict[Code, Followed] = {}
        self.failed: dict[Code, Finding] = {}
        """What failed at any time, as it was seen last."""

    def look(self, findings: Sequence[Finding], *, at: float) -> None:
        """One more look.

        Args:
            findings: of the view.
            at: seconds of a clock that only goes on.
        """
        for one in findings:
            self.followed[one.code] = self.followed.get(one.code, Followed()).after(passed=one.passed, at=at)
        self.failed |= {one.code: one for one in findings if one.passed is False}

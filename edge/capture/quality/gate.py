"""The order of the checks: why a frame is not used, and how it is laid over the camera's usual view."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

import cv2
import numpy as np

from edge.capture.quality.front import among_goods, covered_by, hidden_share
from edge.capture.quality.glass import fogged_share, light_share, lost_share
from edge.capture.quality.look import look_at, of_grey
from edge.capture.quality.measure import measure_look
from edge.capture.quality.registration import register
from edge.capture.quality.still import later, repeated_share, take_print
from edge.capture.quality.view import KNOWN_FROM, View

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from edge.capture.quality.look import Look, Region
    from edge.capture.quality.measure import Measured
    from edge.capture.quality.registration import Registration
    from edge.capture.quality.still import Print
    from edge.contract.config import QualityRules
    from edge.contract.payloads import RejectionReason

STAYED = 0.004
"""Way of a corner, as a share of the longer edge, under which a frame is used as it is: a pixel of the small one."""

FITS = 0.2
"""Share of the view's patches that must agree for it to be the same view: by chance up to 0.19 did, where repeated
packs lie over their neighbours; of frames of the same view the least was 0.24, just refilled and moved."""

SURE = 0.42
"""The same for a view that seems a little moved: rows of equal packs fit one pack aside
too (up to 0.41 was seen); laid back by a pack every facing would have a wrong place."""

PLAINLY = 0.12
"""Hidden share from which somebody stands in front, whatever looks veiled beside: fog hides less."""

SOFT = 1.5
"""Of the least `edges`, under which a frame of little sharpness may be blurred rather than fogged."""

PALE, VEIL = 0.08, 0.25
"""Contrast under which, and blackest level over which, a frame is fogged whatever its camera usually shows."""

CONFIRMED = 2
"""Frames of a view from which one that does not fit it is said to be moved; before, it takes the view's place."""


@dataclass(frozen=True, slots=True)
class Past:
    """What is known of a camera from its earlier frames."""

    usual_sharpness: float | None = None  # median of its accepted frames; None: too few to say
    view: View | None = None  # None: no frame was accepted yet
    print: Print | None = None  # of the last frame, accepted or not
    facings: NDArray[np.float32] | None = None  # (n, 4) boxes of the last accepted frame's, as shares of the frame

    def goods(self, look: Look) -> NDArray[np.bool_]:
        """(rows, columns): the cells that matter for who stands in front."""
        return look.inside if self.facings is None else among_goods(self.facings, look.inside)


@dataclass(frozen=True, slots=True)
class Findings:
    """What was measured against the past; None where there was nothing to measure against."""

    repeated: float | None = None  # share of pixels with the very level of the last frame
    moved: float | None = None  # way of a corner, as a share of the longer edge
    agreed: float | None = None  # share of the view that was found again
    lost: float | None = None  # share of what usually shows something and is blank
    fogged: float | None = None  # share of what usually shows something and is veiled
    light: float | None = None  # median level as a share of the usual one, at most 1
    hidden: float | None = None  # share of the fixture where what never changes is hidden
    people: float | None = None  # share of the fixture that people cover


@dataclass(frozen=True, slots=True)
class Judgement:
    """Whether a frame is used, and what was seen."""

    reason: RejectionReason | None
    measured: Measured
    findings: Findings
    print: Print  # to be remembered
    look: Look  # laid over the usual view, where it could be
    warp: NDArray[np.float64] | None = None  # (3, 3): pixels of the usual view -> of the frame
    people_in_front: bool = False  # whether that is why

    def laid(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """The frame where the camera used to see it; itself, where the camera has not moved."""
        if self.warp is None:
            return image
        height, width = image.shape[:2]
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        laid = cv2.warpPerspective(image, self.warp, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(laid, np.uint8)

    def view(self, past: View | None, *, anew: bool = False) -> View:
        """The usual view after this frame was accepted; `anew`: what stands there has changed for good."""
        if past is None or anew or past.picture.shape != self.look.grey.shape:
            return View.first(self.look)
        fits = self.findings.moved is not None
        return past.seen_again(self.look) if fits else View.first(self.look)


def judge_alone(measured: Measured, rules: QualityRules) -> RejectionReason | None:
    """Why a frame is not used, as far as it shows by itself; None when nothing speaks against it.

    Args:
        measured: of the frame.
        rules: the fixture's.
    """
    seen = Findings()
    return _first(chain(_at_once(measured, seen, rules), _by_and_by(measured, seen, Past(), rules)), rules)


def judge(
    image: NDArray[np.uint8],
    rules: QualityRules,
    *,
    past: Past,
    at: float,
    region: Region = (),
    one_camera: bool = True,
    people: NDArray[np.float32] | None = None,
    front: bool = True,
) -> Judgement:
    """Judge a frame; the first reason found is the one that is told.

    What a frame shows by itself comes first, then whether it is the last one again, then what lies on glass and lens,
    then whether the camera stands where it stood, then who stands in front.

    Args:
        image: (height, width, 3) BGR, as the camera gave it.
        rules: the fixture's.
        past: what is known from earlier frames.
        at: when the frame was taken, seconds since 1970.
        region: corners of the fixture as shares of width and height; empty for the whole frame.
        one_camera: whether the frames come from one camera that stands still; otherwise each is judged by itself.
        people: (n, 4) boxes of people as shares of the frame; None without a people detector.
        front: whether what hides the fixture counts, people apart: not after it has stood there for long.
    """
    look, now = look_at(image, region), take_print(image, at)
    measured = measure_look(look)
    if not one_camera:
        past = Past(past.usual_sharpness, print=None, facings=past.facings)
    findings = Findings(people=None if people is None else covered_by(people, past.goods(look)))
    print_, warp = now, None
    if past.print is not None:
        findings = replace(findings, repeated=repeated_share(past.print, now))
        print_ = past.print if _over(findings.repeated, rules.frozen) else later(past.print, now)
    reason = _first(_at_once(measured, findings, rules), rules)
    if reason is None:
        look, findings, warp = _laid_over(past, look, findings, limit=rules.moved, width=image.shape[1], region=region)
        reason = _first(_by_and_by(measured, findings, past, rules, front=front), rules)
    in_front = reason == "blocked" and _over(findings.people, rules.people)
    return Judgement(reason, measured, findings, print_, look, warp, in_front)


def _first(reasons: Iterator[RejectionReason], rules: QualityRules) -> RejectionReason | None:
    return next((reason for reason in reasons if reason not in rules.never), None)


def _at_once(measured: Measured, findings: Findings, rules: QualityRules) -> Iterator[RejectionReason]:
    """What needs no look at the usual view."""
    if measured.brightness < rules.darkest:
        yield "dark"
    if measured.brightness > rules.brightest or measured.blown > rules.blown:
        yield "blown"
    if _over(findings.repeated, rules.frozen):
        yield "frozen"
    if _over(findings.people, rules.people):
        yield "blocked"


def _by_and_by(
    measured: Measured, findings: Findings, past: Past, rules: QualityRules, *, front: bool = True
) -> Iterator[RejectionReason]:
    """What the usual view helps to tell apart: the surest first."""
    plain = measured.featureless > rules.featureless and (past.view is None or past.view.frames < KNOWN_FROM)
    if plain or _over(findings.lost, rules.covered):  # a plain wall is usual once its shelf is empty
        yield "covered"
    if measured.edges < rules.edges:
        yield "blurred"
    if measured.contrast < PALE and measured.blackest > VEIL:
        yield "fogged"
    if front and _over(findings.hidden, max(PLAINLY, findings.fogged or 0.0, rules.hidden)):
        yield "blocked"
    usual = past.usual_sharpness or 0.0
    faint = measured.sharpness < rules.sharpness * usual * (findings.light or 1.0) ** 2
    soft = faint and measured.edges < SOFT * rules.edges
    if _over(findings.fogged, (2 if soft else 1) * rules.fogged):  # what is blurred looks somewhat veiled too
        yield "fogged"
    if faint:
        yield "blurred"
    known = past.view is not None and past.view.frames >= CONFIRMED
    if known and _has_moved(findings.moved, findings.agreed, rules.moved):
        yield "moved"
    if front and _over(findings.hidden, rules.hidden):
        yield "blocked"


def _has_moved(moved: float | None, agreed: float | None, limit: float) -> bool:
    if agreed is None:
        return False
    return moved is None or moved > limit or (moved > STAYED and agreed < SURE)


def _over(value: float | None, limit: float) -> bool:
    return value is not None and value > limit


def _laid_over(
    past: Past, look: Look, findings: Findings, *, limit: float, width: int, region: Region
) -> tuple[Look, Findings, NDArray[np.float64] | None]:
    """The frame laid over the usual view; what was found; and the way there in the frame's own pixels, if it moved."""
    view = past.view
    if view is None:
        return look, findings, None
    if view.picture.shape != look.grey.shape:  # another resolution: another camera
        return look, replace(findings, agreed=0.0), None
    steady = view.steady_pixels if view.frames >= CONFIRMED else None
    found = register(view.picture.astype(np.float32), look.grey, steady)
    if found is None or found.agreed < FITS:
        lost = lost_share(look, view)
        return look, replace(findings, agreed=0.0 if found is None else found.agreed, lost=lost), None
    if view.frames < CONFIRMED and _has_moved(found.moved, found.agreed, limit):
        return look, replace(findings, agreed=found.agreed), None
    warp = None
    if found.moved > STAYED:
        look = _warped(look, found, region)
        scale = np.diag([width / look.grey.shape[1]] * 2 + [1.0])
        warp = scale @ found.warp @ np.linalg.inv(scale)
    findings = replace(
        findings,
        moved=found.moved,
        agreed=found.agreed,
        lost=lost_share(look, view),
        light=light_share(look, view),
        fogged=fogged_share(look, view),
        hidden=hidden_share(look, view, past.goods(look)),
    )
    return look, findings, warp


def _warped(look: Look, found: Registration, region: Region) -> Look:
    height, width = look.grey.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    grey, darkest = (
        cv2.warpPerspective(picture, found.warp, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
        for picture in (look.grey, look.darkest)
    )
    return of_grey(np.asarray(grey, np.float32), np.asarray(darkest, np.float32), region)

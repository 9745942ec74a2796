"""What of a frame may be kept: the fixture alone, people painted over, and nothing at all where somebody may be unseen.

People are painted over from two sides. The people detector says where they are; it finds no arm that reaches in from
beside the frame. So the frame is compared with the view of the fixture as it was last without people: what changed and
belongs to a person's box is painted over with it (an arm stretched out); what changed elsewhere is perhaps an arm, and
the frame is withheld. Two things are no arm: patches no larger than a product, in places where products or gaps were
found in this very frame; and what still looks the same in a later frame, for nobody holds an arm so long. It errs on
the side of withholding on purpose.

A pure state machine on arrays and seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.recognise.detector import Detections

    Picture = NDArray[np.uint8]
    Flags = NDArray[np.bool_]

Withheld = Literal["no_view", "moved", "covered"]
"""No view to compare with yet; something changed where no person was found; people all over the fixture."""

COMPARED_EDGE = 400
"""Pixels of the longer edge at which frames are compared: noise evens out, and a hand is still hundreds of pixels."""

GREY = 114
CLEARLY, PERHAPS = 38.0, 14.0
"""Grey levels by which a place differs for sure; and by which it does where its texture differs as well."""

SAME_TEXTURE = 0.75
"""Correlation of two surroundings from which their texture is the same, whatever the light on it."""

SURROUNDING = 9
"""Pixels of the compared frames about which texture is judged."""


@dataclass(frozen=True, slots=True)
class PrivacyRules:
    """How careful it is."""

    sure: float = 0.35  # score from which a person's box is painted over
    perhaps: float = 0.15  # score from which it is where the view changed
    changed: float = 0.05  # share of such a box that must have changed
    grow: float = 0.2  # of a box's height and width, to each side
    patch: float = 0.0012  # share of the frame: a smaller patch of change is no hand
    drift: float = 0.02  # share of the frame that may change in smaller patches
    unit: float = 1.25  # sizes of a product (the third quartile of those found): a larger patch is no product
    on_goods: float = 0.8  # share of a patch that must lie on products or gaps
    covered: float = 0.7  # share of the fixture painted over, from which nothing is left to show
    settle: float = 90.0  # seconds after which what still looks the same is the fixture: no arm is held so long


@dataclass(frozen=True, slots=True)
class View:
    """What is remembered of one camera from frame to frame: in memory alone, never written."""

    image: Picture | None = None  # the fixture without people
    candidate: Picture | None = None  # the fixture as it seems to be now; not believed yet
    since: float = 0.0  # since when it seems so, seconds


@dataclass(frozen=True, slots=True)
class Cleared:
    """A frame made ready to be kept, or why it is not."""

    image: Picture | None  # BGR, the fixture alone, people painted over; None: withheld
    withheld: Withheld | None
    painted: Flags  # (height, width) of the frame: where people are, and whatever belongs to them

    @property
    def painted_share(self) -> float:
        """Share of the frame that was painted over."""
        return float(self.painted.mean())


def clear_people(
    view: View,
    frame: Picture,
    people: Detections,
    *,
    at: float,
    goods: Sequence[tuple[float, float, float, float]] = (),
    region: Sequence[tuple[float, float]] = (),
    rules: PrivacyRules | None = None,
) -> tuple[View, Cleared]:
    """Make a frame ready to be kept, and learn from it what the fixture looks like.

    Call it with every frame that passed the quality gate, kept or not; a frame is shown only by what was learnt before.

    Args:
        view: before the frame.
        frame: (height, width, 3) BGR. With another size than before it is learnt anew.
        people: of the frame, from a low score on (`PeopleDetector.private_score`).
        at: when it was taken, in seconds of a clock that never goes back.
        goods: boxes x1, y1, x2, y2 of the facings and gaps found in the frame, in its pixels.
        region: corners of the fixture as shares of width and height; empty: the whole frame.
        rules: how careful it is; None for the usual ones.

    Returns:
        The view after it, and what may be kept.
    """
    rules = rules or PrivacyRules()
    if any(one is not None and one.shape != frame.shape for one in (view.image, view.candidate)):
        view = View()
    known = view.candidate if view.image is None else view.image
    if known is None:
        painted = _boxes(people, people.scores >= rules.perhaps, frame.shape, rules)
        after = view if painted.any() else View(None, frame.copy(), at)  # what people hide cannot be learnt
        return after, Cleared(None, "no_view", painted)
    painted, left = _people_and_rest(frame, known, people, rules)
    places = np.array(goods, np.float64).reshape(-1, 4)
    moved = _somebody_unseen(left, places, rules)
    if view.image is None:
        believed = not moved and at - view.since >= rules.settle
    else:
        if moved and view.candidate is not None:
            left &= changed_places(frame, view.candidate)
            still = not _somebody_unseen(left, places, rules)
        else:
            still = False
        believed = not moved or (still and at - view.since >= rules.settle)
        moved = moved and not still
    learnt: Picture = np.where(painted[..., None], known, frame)
    if not believed:
        after = View(view.image, learnt, at) if moved or view.candidate is None else view
        return after, Cleared(None, "no_view" if view.image is None else "moved", painted)
    inside = _inside(region, width=frame.shape[1], height=frame.shape[0])
    if (painted & inside).sum() > rules.covered * inside.sum():
        return view, Cleared(None, "covered", painted)
    return View(learnt), Cleared(_cropped(paint_over(frame, painted), inside), None, painted)


def places_of(
    people: Detections,
    shape: tuple[int, ...],
    *,
    goods: Sequence[tuple[float, float, float, float]] = (),
    rules: PrivacyRules | None = None,
) -> Flags:
    """(height, width) where people are, or might be: their boxes, grown. For a frame that is shown and not kept.

    Args:
        people: of the frame, from a low score on (`PeopleDetector.private_score`).
        shape: of the frame.
        goods: boxes of what was found in it: a doubtful person who consists of products is none.
        rules: how careful it is; None for the usual ones.
    """
    rules = rules or PrivacyRules()
    products = np.zeros(shape[:2], np.bool_)
    for x1, y1, x2, y2 in goods:
        products[max(0, int(y1)) : int(y2) + 1, max(0, int(x1)) : int(x2) + 1] = True
    made_of = np.array([_share(products, box) for box in people.boxes])
    chosen = (people.scores >= rules.sure) | ((people.scores >= rules.perhaps) & (made_of < rules.on_goods))
    return _boxes(people, chosen, shape, rules)


def _people_and_rest(frame: Picture, known: Picture, people: Detections, rules: PrivacyRules) -> tuple[Flags, Flags]:
    """(height, width) where people are, and where else the frame differs from what is known."""
    changed = changed_places(frame, known)
    moving = np.array([_share(changed, box) >= rules.changed for box in people.boxes], np.bool_)
    chosen = (people.scores >= rules.sure) | ((people.scores >= rules.perhaps) & moving)
    return _with_what_belongs(_boxes(people, chosen, frame.shape, rules), changed, rules)


def changed_places(frame: Picture, view: Picture) -> Flags:
    """(height, width) where two frames of one size differ by more than light and noise.

    The light of the whole frame is evened out first. A place differs that is far brighter or darker, or of another
    colour; or somewhat so and of another texture: a shadow keeps the texture it falls on.
    """
    height, width = frame.shape[:2]
    scale = COMPARED_EDGE / max(height, width)
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    now, then = (cv2.resize(one, size, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (frame, view))
    gain = np.median((now + 8) / (then + 8), axis=(0, 1))
    then = np.clip((then + 8) * gain - 8, 0, 255)
    off = cv2.GaussianBlur(np.abs(now - then).max(axis=2), (0, 0), 1)
    other = _texture(now, then) < SAME_TEXTURE
    changed = (off > CLEARLY) | ((off > PERHAPS) & other)
    cleaned = cv2.morphologyEx(changed.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    whole: Flags = cv2.resize(cleaned, (width, height), interpolation=cv2.INTER_NEAREST) > 0
    return whole


def paint_over(frame: Picture, places: Flags) -> Picture:
    """A frame in which people cannot be known again: large squares of their mean colour, far from the colour there.

    A mosaic alone leaves evenly coloured clothes as they are; here dark squares become bright and bright ones dark.

    Args:
        frame: (height, width, 3) BGR.
        places: (height, width) to paint over.
    """
    if not places.any():
        return frame.copy()
    height, width = frame.shape[:2]
    rows = np.flatnonzero(places.any(axis=1))
    cell = max(12, (rows[-1] - rows[0] + 1) // 10)
    size = (max(1, -(-width // cell)), max(1, -(-height // cell)))
    means = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    bright = means.mean(axis=2, keepdims=True) > 127  # noqa: PLR2004 - half of white
    squares = np.clip(np.where(bright, means * 0.2, 255 - (255 - means) * 0.2), 0, 255).astype(np.uint8)
    mosaic = cv2.resize(squares, (width, height), interpolation=cv2.INTER_NEAREST)
    covered: Picture = np.where(places[..., None], mosaic, frame)
    return covered


def _texture(now: NDArray[np.float32], then: NDArray[np.float32]) -> NDArray[np.float32]:
    """(h, w) correlation of the surroundings of each place in two frames; 0 where both are smooth."""
    first, second = (one.mean(axis=2) for one in (now, then))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.blur(values, (SURROUNDING, SURROUNDING)), np.float32)

    spread = [np.maximum(mean(one * one) - mean(one) ** 2, 0) for one in (first, second)]
    together = mean(first * second) - mean(first) * mean(second)
    floor = 9.0  # variance of noise: what is smoother has no texture to keep
    correlation: NDArray[np.float32] = together / np.sqrt((spread[0] + floor) * (spread[1] + floor))
    return correlation


def _boxes(people: Detections, chosen: Flags, shape: tuple[int, ...], rules: PrivacyRules) -> Flags:
    """(height, width) the chosen boxes, grown."""
    places = np.zeros(shape[:2], np.bool_)
    for x1, y1, x2, y2 in people.boxes[chosen].tolist():
        off_x, off_y = rules.grow * (x2 - x1), rules.grow * (y2 - y1) / 2
        off_x = max(off_x, off_y)  # arms reach to the sides
        rows = slice(max(0, int(y1 - off_y)), max(0, int(y2 + off_y) + 1))
        places[rows, max(0, int(x1 - off_x)) : max(0, int(x2 + off_x) + 1)] = True
    return places


def _share(changed: Flags, box: NDArray[np.float32]) -> float:
    x1, y1, x2, y2 = (int(value) for value in box)
    part = changed[y1 : y2 + 1, x1 : x2 + 1]
    return float(part.mean()) if part.size else 0.0


def _with_what_belongs(painted: Flags, changed: Flags, rules: PrivacyRules) -> tuple[Flags, Flags]:
    """What is painted with the changed patches that meet it, widened a little; and the changed places left over."""
    _, labels = cv2.connectedComponents(changed.astype(np.uint8), connectivity=8)
    met = np.unique(labels[painted & changed])
    belongs = np.isin(labels, met[met > 0])
    if belongs.any():
        reach = max(3, round(rules.grow / 8 * max(changed.shape)))
        kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
        painted = painted | (cv2.dilate(belongs.astype(np.uint8), kernel) > 0)
    return painted, changed & ~painted


def _somebody_unseen(left: Flags, goods: NDArray[np.float64], rules: PrivacyRules) -> bool:
    """Whether changed places are more than goods that changed and noise."""
    height, width = left.shape
    _, labels, stats, _ = cv2.connectedComponentsWithStats(left.astype(np.uint8), connectivity=8)
    on_goods = np.zeros((height, width), np.bool_)
    for x1, y1, x2, y2 in goods.tolist():
        on_goods[max(0, int(y1)) : int(y2) + 1, max(0, int(x1)) : int(x2) + 1] = True
    sizes = goods[:, 2:] - goods[:, :2]
    across, up = np.percentile(sizes, 75, axis=0) * rules.unit if len(goods) else (0.0, 0.0)
    rest = 0
    for number in range(1, len(stats)):
        x, y, w, h, area = (int(value) for value in stats[number])
        at_rim = x == 0 or y == 0 or x + w == width or y + h == height
        part = np.s_[y : y + h, x : x + w]
        share = float(on_goods[part][labels[part] == number].mean())
        if not at_rim and w <= across and h <= up and share >= rules.on_goods:
            continue
        if area > rules.patch * left.size:
            return True
        rest += area
    return rest > rules.drift * left.size


def _inside(region: Sequence[tuple[float, float]], *, width: int, height: int) -> Flags:
    """(height, width) the fixture."""
    if not region:
        return np.ones((height, width), np.bool_)
    corners = np.round(np.array(region) * (width, height)).astype(np.int32)
    filled = cv2.fillPoly(np.zeros((height, width), np.uint8), [corners], 1)
    return np.asarray(filled, np.bool_)


def _cropped(image: Picture, inside: Flags) -> Picture:
    """The rectangle about the fixture; what lies beside it in there is grey."""
    rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
    part = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    cropped: Picture = np.where(inside[part][..., None], image[part], np.uint8(GREY)).astype(np.uint8)
    return cropped

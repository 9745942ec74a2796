"""One frame of a camera that is being aimed, looked at with all that will look at it later: gate, detector, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.aim.clarity import find_clarity
from edge.aim.front import find_hidden
from edge.aim.tilt import find_tilt
from edge.aim.upright import find_turn
from edge.aim.view import WHOLE, AimedView
from edge.capture.quality.measure import measure
from edge.capture.quality.still import later, repeated_share, take_print
from edge.recognise.privacy import paint_over, places_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from edge.capture.quality.look import Region
    from edge.contract.config import CameraSection, FixtureSection
    from edge.device.analysis import Analyser
    from edge.recognise.people import PeopleDetector
    from edge.shelf.facing import Box, Facing

ENOUGH = 3
"""Facings from which they say where the goods are."""


def look(
    image: NDArray[np.uint8] | None,
    *,
    at: float,
    camera: CameraSection,
    fixture: FixtureSection,
    analyser: Analyser,
    people: PeopleDetector | None,
    before: AimedView | None = None,
    trouble: str = "",
) -> AimedView:
    """Look at a frame.

    Args:
        image: (height, width, 3) BGR, as the camera gave it; None where it gave none.
        at: when it was taken, or asked for, seconds since 1970.
        camera: as configured.
        fixture: that it looks at.
        analyser: of the fixture, turned to the day whose planogram is to hold.
        people: finds who stands in front, and whom to paint over; None only for rendered pictures.
        before: of the frame before, so that a camera that hangs is told.
        trouble: why there is no frame.

    Raises:
        ModelError: a model gave values that make no sense.
    """
    part = WHOLE if camera.geometry is None else camera.geometry.part
    slots, named = analyser.plan.slots, analyser.recogniser is not None
    last = None if before is None else before.print
    if image is None:
        return AimedView(
            camera=camera.id, rules=fixture.quality, at=at, trouble=trouble, print=last, slots=slots, named=named,
            region=fixture.region, part=part,
        )  # fmt: skip
    now = take_print(image, at)
    repeated = None if last is None else repeated_share(last, now)
    hung = repeated is not None and repeated > fixture.quality.frozen
    analysis = analyser.analyse(image)
    picture, persons = image, None
    if people is not None:
        found = people.detect(image, min_score=people.private_score)
        goods = [facing.box for facing in analysis.facings]
        picture = paint_over(image, places_of(found, image.shape, goods=goods))
        persons = tuple(_box(box) for box in found.boxes[found.scores >= people.shipped_score])
    region = around(analysis.facings, (analysis.width, analysis.height)) or fixture.region
    return AimedView(
        camera=camera.id,
        rules=fixture.quality,
        at=at,
        picture=picture,
        print=now if last is None else last if hung else later(last, now),
        repeated=repeated,
        measured=measure(image, region),
        clarity=find_clarity(image, region),
        turn=find_turn(image, analyser.detector),
        tilt=find_tilt(image),
        facings=analysis.facings,
        gaps=analysis.gaps,
        people=persons,
        hidden=find_hidden(image, analysis.facings),
        slots=slots,
        named=named,
        region=fixture.region,
        part=part,
    )


def around(facings: Sequence[Facing], size: tuple[int, int]) -> Region:
    """The corners of the rectangle around all facings, as shares of the frame; empty where they are too few to say.

    Args:
        facings: boxes in pixels.
        size: width and height of the frame, pixels.
    """
    if len(facings) < ENOUGH:
        return ()
    boxes = np.array([facing.box for facing in facings])
    (x1, y1), (x2, y2) = boxes[:, :2].min(axis=0) / size, boxes[:, 2:].max(axis=0) / size
    left, top, right, bottom = (float(np.clip(value, 0, 1)) for value in (x1, y1, x2, y2))
    return ((left, top), (right, top), (right, bottom), (left, bottom))


def _box(box: NDArray[np.float32]) -> Box:
    x1, y1, x2, y2 = (float(value) for value in box)
    return x1, y1, x2, y2

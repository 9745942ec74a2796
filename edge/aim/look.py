"""One frame of a camera that is being aimed, looked at with all that will look at it later: gate, detector, names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.aim.view import WHOLE, AimedView

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from edge.contract.config import CameraSection, FixtureSection
    from edge.device.analysis import Analyser
    from edge.recognise.people import PeopleDetector


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
    del people, before
    part = WHOLE if camera.geometry is None else camera.geometry.part
    return AimedView(
        camera=camera.id,
        rules=fixture.quality,
        at=at,
        trouble=trouble,
        picture=image,
        slots=analyser.plan.slots,
        named=analyser.recogniser is not None,
        region=fixture.region,
        part=part,
    )

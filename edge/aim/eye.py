"""One camera while it is aimed: a frame in, what is wrong with the view out, and a picture that shows nobody."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Protocol

from edge.aim.diagnosis import diagnose
from edge.aim.drawing import draw
from edge.aim.look import look
from edge.aim.reference import store
from edge.contract.business_day import business_day
from edge.contract.config import FolderSource
from edge.device.view_file import ViewFile
from edge.device.view_planes import outline
from edge.recognise.privacy import View, clear_people

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from edge.aim.findings import Finding
    from edge.aim.view import AimedView
    from edge.contract.config import AgentConfig, CameraSection
    from edge.deliver.outbox import Outbox
    from edge.deliver.sealing import AtRest
    from edge.device.analysis import Analyser
    from edge.recognise.people import PeopleDetector

LEARN_SECONDS = 3.0
"""Between two frames from which it is learnt what the fixture looks like without people: it takes a look for people of
its own, down to the faintest."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What was made of one frame, or of none."""

    view: AimedView
    findings: tuple[Finding, ...]  # what is best mended first goes first
    picture: NDArray[np.uint8] | None  # BGR, what the models see drawn over it, people painted over; None: no frame


class Eye(Protocol):
    """Looks through one camera. For one thread at a time."""

    def see(self, image: NDArray[np.uint8] | None, *, trouble: str = "") -> Seen:
        """Look at a frame.

        Args:
            image: (height, width, 3) BGR, as the camera gave it; None where it gave none.
            trouble: why it gave none.

        Raises:
            FacingsError: a model gave values that make no sense.
        """
        ...

    def store(self, seen: Seen) -> None:
        """Take what was seen for the camera's usual view.

        Raises:
            FacingsError: it cannot be used, or the disk does not take it.
        """
        ...

    @property
    def learnt(self) -> View:
        """What the fixture looks like without people, as far as that is known: see `edge.recognise.privacy`."""
        ...


class CameraEye:
    """Looks with the models that the agent will look with.

    Args:
        config: of the device.
        camera: of the configuration.
        analyser: of the camera's fixture.
        people: finds who stands in front.
        outbox: of the device; what a camera remembers stands in it.
        at_rest: how pictures lie on the disk.
        learnt: what is known already of what the fixture looks like without people.
        running: seconds of a clock that only goes on.
    """

    def __init__(
        self,
        config: AgentConfig,
        camera: CameraSection,
        *,
        analyser: Analyser,
        people: PeopleDetector,
        outbox: Outbox,
        at_rest: AtRest,
        learnt: View | None = None,
        running: Callable[[], float] = time.monotonic,
    ) -> None:
        self._camera = camera
        self._running = running
        self._fixture = config.fixture(camera.fixture)
        self._analyser = analyser
        self._people = None if isinstance(camera.source, FolderSource) and camera.source.simulated else people
        self._outbox = outbox
        self._file = ViewFile(config.data / "views" / f"{camera.id}.png", at_rest=at_rest)
        self._before: AimedView | None = None
        self._region = self._fixture.region if camera.geometry is None else outline(camera.geometry)
        self._learnt, self._learnt_at = learnt or View(), float("-inf")
        analyser.turn_to(business_day(datetime.now(UTC), config.clockwork))

    def see(self, image: NDArray[np.uint8] | None, *, trouble: str = "") -> Seen:
        """As of `Eye`."""
        view = look(
            image,
            at=time.time(),
            camera=self._camera,
            fixture=self._fixture,
            analyser=self._analyser,
            people=self._people,
            before=self._before,
            trouble=trouble,
        )
        self._before = view
        if image is not None and self._people is not None:
            self._learn(image, view, self._people, at=self._running())
        findings = diagnose(view)
        return Seen(view, findings, None if view.picture is None else draw(view, findings))

    def store(self, seen: Seen) -> None:
        """As of `Eye`."""
        store(seen.view, outbox=self._outbox, file=self._file)

    @property
    def learnt(self) -> View:
        """As of `Eye`."""
        return self._learnt

    def _learn(self, image: NDArray[np.uint8], view: AimedView, people: PeopleDetector, *, at: float) -> None:
        if at - self._learnt_at < LEARN_SECONDS:
            return
        self._learnt_at = at
        found = people.detect(image, min_score=people.private_score)
        goods = [*(facing.box for facing in view.facings), *(gap.box for gap in view.gaps)]
        self._learnt, _ = clear_people(self._learnt, image, found, at=at, goods=goods, region=self._region)

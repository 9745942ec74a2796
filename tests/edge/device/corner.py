"""A corner of a shop for the counting of people: drawn figures that walk, and clocks that a test can set."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np

from edge.capture.frame import Frame
from edge.contract.config import AgentConfig
from edge.contract.errors import SourceError
from edge.contract.payloads import TrafficCounted, Versions
from edge.deliver.outbox import Outbox
from edge.device.clock import Clock
from edge.device.surroundings import Surroundings
from edge.device.traffic import TrafficCamera
from edge.recognise.detector import Detections
from edge.recognise.people import PeopleDetector
from tests.edge.deliver.goods import ADDRESS

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

WIDTH, HEIGHT = 160, 90
FIGURE = (12, 40)  # width and height of a drawn figure, pixels
RATE = 5.0
SCORE = 0.9
LINE = {"id": "door", "start": [0.5, 0.0], "end": [0.5, 1.0]}
"""From the top to the bottom: into is from the right to the left, where a picture is looked at."""


class FigureDetector(PeopleDetector):
    """Finds the one drawn figure of a frame: all that is bright. Figures are no people to the network."""

    def __init__(self) -> None:
        self.name, self.version = "figures", "1"
        self._score, self._follow, self._private = 0.5, 0.2, 0.1

    def detect(self, image: NDArray[np.uint8], *, min_score: float | None = None) -> Detections:
        rows, columns = np.nonzero(image[..., 0] > 127)
        if not rows.size or (min_score is not None and min_score > SCORE):
            return Detections(np.zeros((0, 4), np.float32), np.zeros(0, np.float32))
        box = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        return Detections(np.array([box], np.float32), np.array([SCORE], np.float32))


def drawn(x: float | None) -> NDArray[np.uint8]:
    """A frame with a figure about the column `x`, or an empty one."""
    image = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    if x is not None:
        left, top = round(x - FIGURE[0] / 2), 30
        image[top : top + FIGURE[1], max(0, left) : max(0, left + FIGURE[0])] = 255
    return image


def there_and_back(second: float, *, every: float = 10.0) -> float | None:
    """Where a figure is that comes from the left, goes to the right, and is gone again: once in `every` seconds."""
    share = (second % every) / every
    return None if share > 0.8 else share / 0.8 * WIDTH


class SetClock(Clock):
    """A wall clock that a test sets, and that goes on by itself with the running clock of a corner."""

    def __init__(self, corner: Corner, shows: datetime, *, synced: bool = True) -> None:
        super().__init__()
        self._corner = corner
        self._off = shows - timedelta(seconds=corner.running)
        self.in_step = synced

    def put_forward(self, by: timedelta) -> None:
        self._off += by

    def now(self) -> datetime:
        return self._off + timedelta(seconds=self._corner.running)

    def up(self) -> int:
        return int(self._corner.running)

    def synced(self) -> bool:
        return self.in_step


class Corner:
    """A traffic camera with a real outbox. Time passes only as the test says."""

    def __init__(self, folder: Path, *, shows: datetime, synced: bool = True, **section: Any) -> None:
        self.running = 5000.0
        self.clock = SetClock(self, shows, synced=synced)
        camera = {
            "id": "entrance",
            "source": {"kind": "rtsp", "url": "rtsp://10.0.0.5/1"},
            "lines": [LINE],
            "interval": "10s",
            "frames": RATE,
            **section,
        }
        device = {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device}
        self.config = AgentConfig.model_validate(
            {
                "device": device,
                "zone": "Asia/Ho_Chi_Minh",
                "data": folder,
                "traffic": [camera],
                "fixtures": [{"id": "cooler-1"}],
            }
        )
        self.folder = folder
        self.image: NDArray[np.uint8] | None = drawn(None)  # None: the camera is away
        self.outbox = Outbox.open(folder / "outbox.db", address=ADDRESS)
        self.camera = self._camera()

    def restart(self) -> None:
        """The agent was killed: nothing but its disk is left. It begins again."""
        self.outbox.close()
        self.outbox = Outbox.open(self.folder / "outbox.db", address=ADDRESS)
        self.camera = self._camera()
        self.camera.begin()

    def watch(self, seconds: float, *, walking: bool = True) -> None:
        """Frames for so long, with a figure that comes by or none."""
        for _ in range(round(seconds * RATE)):
            self.running += 1 / RATE
            self.image = drawn(there_and_back(self.running) if walking else None)
            self.camera.step()

    def be_away(self, seconds: float, *, tries: int = 4) -> None:
        """The camera gives no frame."""
        self.image = None
        for _ in range(tries):
            self.running += seconds / tries
            self.camera.step()

    @property
    def events(self) -> list[dict[str, Any]]:
        """Every event in the outbox, in its order."""
        with closing(sqlite3.connect(self.folder / "outbox.db")) as database:
            return [json.loads(body) for (body,) in database.execute("SELECT body FROM event ORDER BY row")]

    @property
    def counts(self) -> list[TrafficCounted]:
        return [TrafficCounted.model_validate(event["data"]) for event in self.events]

    def capture(self) -> Frame | None:
        if self.image is None:
            raise SourceError("rtsp://10.0.0.5/1: no frame within 5 s", "check its address")
        return Frame(self.image, "corner", None, seconds=self.running)

    def close(self) -> None:
        """As a source."""

    def _camera(self) -> TrafficCamera:
        around = Surroundings(
            outbox=self.outbox,
            clock=self.clock,
            clockwork=self.config.clockwork,
            zone=self.config.zone,
            evidence=self.config.evidence,
            spool=None,
            versions=Versions(agent="test", detector="test"),
            wake=lambda: None,
        )
        return TrafficCamera(
            self.config.traffic[0],
            source=self,
            detector=FigureDetector(),
            around=around,
            running=lambda: self.running,
        )


def crossed(counts: list[TrafficCounted]) -> int:
    """Crossings of all lines, both ways."""
    return sum(line.into + line.out for count in counts for line in count.lines)

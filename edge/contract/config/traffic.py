"""Counting people: lines they cross, zones they stay in, and what is told of them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, model_validator

from edge.contract.config.section import Duration, Section
from edge.contract.config.sources import MovingSource, VideoSource
from edge.contract.names import Slug, UnitScore

Point = tuple[UnitScore, UnitScore]
"""A place in the frame, as shares of its width and height: [0, 0] is the top left, [1, 1] the bottom right."""

Heights = Annotated[float, Field(ge=0, le=10, allow_inf_nan=False)]
"""Heights of the person it is about: a share that means the same near the camera and far from it."""


class LineSection(Section):
    """A counting line."""

    id: Slug = Field(description="the line's id, such as entrance")
    start: Point = Field(description="one end of the line on the floor, such as [0.2, 0.6]")
    end: Point = Field(
        description="the other end. Looking from start to end, somebody who crosses from the left-hand side to the "
        "right-hand side goes into, the other way out; exchange both ends to turn it round"
    )
    dead_band: Heights = Field(
        0.1, description="on either side of the line, where nobody counts as on either side; in heights of the person"
    )
    min_path: Heights = Field(
        0.35,
        description="how far across a person must go, from the deepest place on the one side to the deepest on the "
        "other; in heights of the person",
    )

    @model_validator(mode="after")
    def _two_ends(self) -> LineSection:
        if self.start == self.end:
            raise ValueError(f"line {self.id} starts where it ends")
        return self


class ZoneSection(Section):
    """A part of the floor."""

    id: Slug = Field(description="the zone's id, such as aisle-3")
    corners: tuple[Point, ...] = Field(
        min_length=3, max_length=64, description="its corners in order, such as [[0.1, 0.5], [0.9, 0.5], [0.9, 1]]"
    )
    loiter: Duration = Field(60.0, gt=0, le=86400, description="a visit that lasts longer is loitering, such as 60s")

    @model_validator(mode="after")
    def _an_area(self) -> ZoneSection:
        if len(set(self.corners)) < 3:  # noqa: PLR2004 - a triangle is the least area
            raise ValueError(f"zone {self.id} has at least three corners")
        return self


class FrontSection(Section):
    """The floor in front of the fixture: who comes there is a passer, who stays there is a stopper."""

    corners: tuple[Point, ...] = Field(
        min_length=3, max_length=64, description="its corners in order, such as [[0.1, 0.5], [0.9, 0.5], [0.9, 1]]"
    )
    stop: Duration = Field(3.0, gt=0, le=3600, description="who stays that long, and slowly, is a stopper, such as 3s")
    slow: Annotated[float, Field(gt=0, le=10)] = Field(
        0.2, description="what is slow, in heights of the person a second, on the mean over `stop`; walking is 0.8"
    )

    @model_validator(mode="after")
    def _an_area(self) -> FrontSection:
        if len(set(self.corners)) < 3:  # noqa: PLR2004 - a triangle is the least area
            raise ValueError("front has at least three corners")
        return self


class HeatSection(Section):
    """The heat grid over the whole frame."""

    rows: Annotated[int, Field(ge=1, le=64)] = Field(9, description="rows of the grid, 1 to 64")
    columns: Annotated[int, Field(ge=1, le=64)] = Field(16, description="columns of the grid, 1 to 64")


class CountingSection(Section):
    """What is counted in the frames of one camera: all `edge traffic VIDEO --config FILE` wants to know."""

    lines: tuple[LineSection, ...] = Field((), max_length=100, description="the lines people are counted at")
    zones: tuple[ZoneSection, ...] = Field((), max_length=99, description="the zones people stay in")
    front: FrontSection | None = Field(
        None, description="the floor in front of the fixture; without it passers and stoppers are unknown"
    )
    heat: HeatSection | None = Field(None, description="the heat grid; none without it")
    reference: Literal["feet", "centre", "head"] = Field(
        "feet", description="which point of a person's box stands for the person: feet, centre (from above) or head"
    )
    frames: Annotated[float, Field(gt=0, le=60)] = Field(
        10.0, description="frames looked at in a second; 5 will do where people walk, more costs processor"
    )

    @model_validator(mode="after")
    def _names_differ(self) -> CountingSection:
        for kind, ids in (("line", [line.id for line in self.lines]), ("zone", [zone.id for zone in self.zones])):
            for one in ids:
                if ids.count(one) > 1:
                    raise ValueError(f"two {kind}s are called {one}")
        return self


class TrafficCameraSection(CountingSection):
    """One camera that counts people. It may be the same device as a camera of a fixture, with an id of its own."""

    id: Slug = Field(description="the camera's id, unlike that of any other camera")
    source: MovingSource = Field(description="where its frames come from; kind: video, usb, rtsp or snapshot")
    recorded: AwareDatetime | None = Field(
        None,
        description="of a video file: when its first frame was taken, such as 2026-03-14T09:00:00+07:00. It is counted "
        "as fast as can be then, and its events carry the times of the recording; without it it is played as if now",
    )
    fixture: Slug | None = Field(None, description="the id of the fixture whose passers and stoppers it counts")
    interval: Duration = Field(900.0, ge=10, le=86400, description="how long one count is, such as 15m")
    min_count: Annotated[int, Field(ge=0, le=1000)] = Field(
        0,
        description="lines, zones, passers and stoppers with fewer people in an interval, but not none, are withheld; "
        "0 withholds nothing",
    )
    deadline: Duration = Field(20.0, gt=0, le=600, description="how long a frame may take, such as 20s")

    @model_validator(mode="after")
    def _front_of_a_fixture(self) -> TrafficCameraSection:
        if self.front is not None and self.fixture is None:
            raise ValueError(f"camera {self.id} has a front but no fixture")
        return self

    @model_validator(mode="after")
    def _recorded_is_a_video(self) -> TrafficCameraSection:
        if self.recorded is not None and not isinstance(self.source, VideoSource):
            raise ValueError(f"camera {self.id}: recorded goes with kind: video, and only with it")
        return self

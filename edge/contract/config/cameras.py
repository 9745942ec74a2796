"""Cameras: what each looks at, and when."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from edge.contract.config.section import Duration, Section
from edge.contract.config.sources import Source
from edge.contract.names import Slug, UnitScore

Near = Annotated[float, Field(ge=-1, le=2, allow_inf_nan=False)]
"""A place in a picture as a share of its width or height; corners may lie a little outside."""

LEAST_AREA = 0.01
"""Of a picture, that the four corners must enclose: less is a slip of the hand."""


class Schedule(Section):
    """When captures are due, within opening hours: by interval or by cron, in the store's time zone."""

    every: Duration | None = Field(None, gt=0, le=86400, description="the interval, such as 15m")
    cron: str | None = Field(None, description="five cron fields, such as */15 8-21 * * *")

    @model_validator(mode="after")
    def _one_of_both(self) -> Schedule:
        if (self.every is None) == (self.cron is None):
            raise ValueError("give either every or cron")
        return self


class ViewGeometry(Section):
    """Where one view lies on the front of a fixture that several cameras look at."""

    part: tuple[UnitScore, UnitScore, UnitScore, UnitScore] = Field(
        (0.0, 0.0, 1.0, 1.0),
        description="the part of the fixture's front whose corners are given: left, top, right, bottom as shares of "
        "its width and height; of two doors the left one is [0, 0, 0.5, 1]",
    )
    corners: tuple[tuple[Near, Near], tuple[Near, Near], tuple[Near, Near], tuple[Near, Near]] = Field(
        description="where the picture shows the corners of that part: top left, top right, bottom right, bottom left, "
        "as shares of the picture's width and height, such as [[0.1, 0.05], [0.9, 0.06], [0.88, 0.95], [0.12, 0.96]]",
    )

    @field_validator("part")
    @classmethod
    def _has_area(cls, part: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        left, top, right, bottom = part
        if left >= right or top >= bottom:
            raise ValueError("part is left, top, right, bottom: right is more than left, bottom more than top")
        return part

    @field_validator("corners")
    @classmethod
    def _in_order(cls, corners: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        # Clockwise on the screen, every turn to the right: else they cross, bend inwards or lie on a line.
        around = [*corners, *corners[:2]]
        turns = [
            (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
            for a, b, c in zip(around, around[1:], around[2:], strict=False)
        ]
        if min(turns) <= LEAST_AREA / 2:
            raise ValueError("corners go round: top left, top right, bottom right, bottom left")
        return corners


class CameraSection(Section):
    """One camera that looks at one fixture."""

    id: Slug = Field(description="the camera's id")
    fixture: Slug = Field(description="the id of the fixture it looks at")
    view: Slug = Field("front", description="which view of the fixture this is")
    geometry: ViewGeometry | None = Field(
        None, description="where the view lies on the fixture's front; for fixtures that several cameras look at"
    )
    source: Source = Field(description="where its frames come from; kind: folder, video, usb, rtsp or snapshot")
    schedule: Schedule = Field(Schedule(every=900.0), description="when captures are due")
    deadline: Duration = Field(20.0, gt=0, le=600, description="how long a frame may take, such as 20s")

"""Where frames come from."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from edge.contract.config.section import Section


class FolderSource(Section):
    """A folder of pictures: one a capture, in the order of their names."""

    kind: Literal["folder"]
    path: Path = Field(description="the folder with the pictures")
    times: Literal["now", "names", "evenly"] = Field(
        "now",
        description="now: each picture when its turn comes; names: a time-lapse whose file names are store time, like "
        "2026-03-14T08-00-00.jpg, replayed at once; evenly: spread over the opening hours of `day`, replayed at once",
    )
    day: date | None = Field(None, description="the business day of times: evenly, such as 2026-03-14")
    simulated: bool = Field(False, description="true for rendered pictures: everything shown then says so")

    @model_validator(mode="after")
    def _day_with_evenly(self) -> FolderSource:
        if (self.times == "evenly") != (self.day is not None):
            raise ValueError("day goes with times: evenly, and only with it")
        return self

    @property
    def replayed(self) -> bool:
        """Whether the pictures carry their own times and are taken without waiting."""
        return self.times != "now"


class VideoSource(Section):
    """A video file, read at its own pace; it ends at its last frame."""

    kind: Literal["video"]
    path: Path = Field(description="the video file")


class UsbSource(Section):
    """A USB or V4L2 camera."""

    kind: Literal["usb"]
    device: str | int = Field(0, description="its number or path, such as 0 or /dev/video0")
    width: Annotated[int, Field(ge=16, le=16384)] | None = Field(None, description="asked for, in pixels")
    height: Annotated[int, Field(ge=16, le=16384)] | None = Field(None, description="asked for, in pixels")


class RtspSource(Section):
    """A network camera's stream."""

    kind: Literal["rtsp"]
    url: Annotated[str, Field(pattern=r"^rtsps?://")] = Field(description="the stream, such as rtsp://10.0.0.5/stream1")


class SnapshotSource(Section):
    """A network camera's still picture over HTTP."""

    kind: Literal["snapshot"]
    url: Annotated[str, Field(pattern=r"^https?://")] = Field(
        description="the picture, such as http://10.0.0.5/still.jpg"
    )


MovingSource = Annotated[VideoSource | UsbSource | RtspSource | SnapshotSource, Field(discriminator="kind")]
"""Frames one after the other: what people can be followed in."""

Source = Annotated[FolderSource | VideoSource | UsbSource | RtspSource | SnapshotSource, Field(discriminator="kind")]

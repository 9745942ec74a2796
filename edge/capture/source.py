"""From a camera's configuration to the source of its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.contract.config import FolderSource, RtspSource, SnapshotSource, UsbSource, VideoSource

if TYPE_CHECKING:
    from edge.capture.frame import FrameSource
    from edge.contract.business_day import Clockwork
    from edge.contract.config import CameraSection


def open_source(
    camera: CameraSection, *, clockwork: Clockwork, after: str | None = None, every: float | None = None
) -> FrameSource:
    """The source that a camera's configuration describes. Nothing is opened before the first capture.

    Args:
        camera: the camera's configuration.
        clockwork: the store's zone, for pictures named after their time, and its hours, over which undated pictures
            are spread.
        after: the name of the last picture already taken from a replayed folder; it goes on behind that one.
        every: seconds between its frames, where they come at an interval.

    Raises:
        SourceError: a folder that is missing, empty, or whose names hold no times.
    """
    # What reads pictures and urllib3 are loaded for the kind of camera that needs them.
    match camera.source:
        case FolderSource() as section:
            from edge.capture.folder import Folder  # noqa: PLC0415 - see above

            return Folder.open(section, clockwork=clockwork, after=after)
        case VideoSource() | UsbSource() | RtspSource() as section:
            from edge.capture.video import VideoFile, open_live  # noqa: PLC0415 - see above

            if isinstance(section, VideoSource):
                return VideoFile(section.path, deadline=camera.deadline)
            return open_live(section, deadline=camera.deadline, every=every)
        case SnapshotSource() as section:
            from edge.capture.snapshot import Snapshot  # noqa: PLC0415 - see above

            return Snapshot(section.url, deadline=camera.deadline)

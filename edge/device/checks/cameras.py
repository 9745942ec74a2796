"""Cameras: each is opened and gives a frame within its deadline."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from edge.capture.footage import open_footage
from edge.capture.source import open_source
from edge.contract.config import TrafficCameraSection
from edge.contract.errors import FacingsError, SourceError
from edge.device.checks.finding import bad, bad_error, doubtful, good

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from edge.capture.frame import Frame, FrameSource
    from edge.contract.business_day import Clockwork
    from edge.contract.config import AgentConfig, CameraSection
    from edge.contract.findings import Finding
    from edge.deliver.outbox_look import OutboxLook
    from edge.device.camera import Camera
    from edge.device.traffic import TrafficCamera

GRACE = 5.0
"""Seconds beyond a camera's deadline after which it counts as hanging."""


def check_cameras(config: AgentConfig, *, at_work: OutboxLook | None) -> list[Finding]:
    """Take a frame of every camera, all at once: none waits for one that hangs.

    Args:
        config: names them.
        at_work: the outbox of the agent that runs, None where none does. Such an agent may hold a camera that opens
            only once; one that it said itself gives no frame has failed.
    """
    failing = None if at_work is None else _failing(at_work)
    clockwork = config.clockwork
    cameras: tuple[CameraSection | TrafficCameraSection, ...] = (*config.cameras, *config.traffic)
    with ThreadPoolExecutor(len(cameras)) as pool:
        return list(pool.map(lambda one: _check(one, clockwork, failing=failing), cameras))


def check_cameras_at_work(cameras: Sequence[Camera | TrafficCamera]) -> list[Finding]:
    """What the agent's own cameras say of themselves; none is opened a second time."""
    findings = []
    for camera in cameras:
        name, age = f"camera {camera.section.id}", camera.frame_age()
        if camera.ended:
            findings.append(good(name, "has come to the end of its pictures"))
        elif camera.error:
            findings.append(bad(name, camera.error, "see the camera's cable, address and rights"))
        elif age is None:
            findings.append(good(name, "no frame was due yet"))
        else:
            findings.append(good(name, f"the last frame is {age:.0f} s old"))
    return findings


def _check(
    camera: CameraSection | TrafficCameraSection, clockwork: Clockwork, *, failing: Collection[str] | None
) -> Finding:
    name = f"camera {camera.id}"
    began = time.monotonic()
    try:
        source = _open(camera, clockwork)
        frame = _frame_within(source, camera.deadline + GRACE)
    except FacingsError as error:
        if failing is not None and camera.id not in failing:
            return doubtful(name, error.what, "the running agent may hold it: see edge status, or stop the agent")
        return bad_error(name, error)
    seconds = time.monotonic() - began
    if frame is None:
        return bad(name, "it is at the end of its pictures", "give it new ones")
    height, width = frame.image.shape[:2]
    return good(name, f"a frame of {width} x {height} pixels in {seconds:.1f} s")


def _failing(look: OutboxLook) -> frozenset[str]:
    """The cameras that gave no frame when the agent said last how it does."""
    cameras = (look.health or {}).get("data", {}).get("cameras", [])
    return frozenset(one["camera"] for one in cameras if one.get("error"))


def _open(camera: CameraSection | TrafficCameraSection, clockwork: Clockwork) -> FrameSource:
    if isinstance(camera, TrafficCameraSection):
        return open_footage(camera)
    return open_source(camera, clockwork=clockwork)


def _frame_within(source: FrameSource, seconds: float) -> Frame | None:
    """The next frame; a source that hangs is left behind.

    Raises:
        FacingsError: no frame came.
    """
    frames: list[Frame | None] = []
    errors: list[FacingsError] = []

    def take() -> None:
        try:
            frames.append(source.capture())
        except FacingsError as error:
            errors.append(error)
        finally:
            source.close()

    thread = threading.Thread(target=take, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not frames:
        raise SourceError(f"no frame within {seconds:g} s", "check its cable, its address and the network")
    return frames[0]

"""The reference view, kept when a camera is aimed well: its usual view from the first capture on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from edge.contract.errors import ConfigError
from edge.deliver.envelope import Stamp
from edge.device.camera import memory_key
from edge.device.memory import CameraMemory
from edge.device.sight import aimed

if TYPE_CHECKING:
    from edge.aim.view import AimedView
    from edge.deliver.outbox import Outbox
    from edge.device.view_file import ViewFile

NOTHING_SAID = Stamp(zone="UTC", clock="unsynced", boot="", up=0)
"""What is remembered goes into the outbox as with an event, but there is none."""

FULL = "free some space in the data folder"


def store(view: AimedView, *, outbox: Outbox, file: ViewFile) -> None:
    """Make a view the camera's usual one: from now on a frame that shows another is rejected as `moved`.

    What the camera remembered of an earlier view is forgotten; stock-outs under way are not. The picture is written
    first: after a power cut between the two the camera learns its view by itself. The agent must not run meanwhile.

    Args:
        view: of `look`, with a picture, people painted over.
        outbox: of the device: what a camera remembers stands beside its events.
        file: of the camera's usual view.

    Raises:
        ConfigError: there is no picture, or the disk does not take it.
        DeliveryError: the outbox cannot be read.
    """
    if view.picture is None or view.print is None or view.measured is None:
        raise ConfigError(f"camera {view.camera}: there is no picture to keep", "look again")
    key = memory_key(view.camera)
    before = CameraMemory.load(outbox.get_state(key))
    try:
        sight = aimed(view.picture, view.print, region=view.region, file=file)
    except OSError as error:
        raise ConfigError(f"the view of camera {view.camera} is not kept: {error.strerror}", FULL) from None
    shares = np.array([facing.box for facing in view.facings], np.float32).reshape(-1, 4) / [*view.size, *view.size]
    memory = CameraMemory(
        cursor=before.cursor,
        stockouts=before.stockouts,
        evidence_day=before.evidence_day,
        evidence_due=before.evidence_due,
        sight=sight,
    ).accepted(sharpness=view.measured.sharpness, boxes=np.clip(shares, 0, 1).astype(np.float32))
    outbox.append((), stamp=NOTHING_SAID, state={key: memory.dump()})
    if outbox.holding:
        raise ConfigError(f"the view of camera {view.camera} is not kept: the disk does not take it", FULL)

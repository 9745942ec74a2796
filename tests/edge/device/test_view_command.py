"""A camera that was moved on purpose: rejected until somebody says that its new view is the usual one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from edge.contract.config import AgentConfig
from edge.contract.payloads import Versions
from edge.contract.topics import Address
from edge.deliver.outbox import Outbox
from edge.device.clock import Clock
from edge.device.commands import view_anew
from edge.device.crew import Crew
from edge.device.opening import load_analysers, open_cameras
from edge.device.surroundings import Surroundings
from edge.recognise.images import read_image

if TYPE_CHECKING:
    from numpy.typing import NDArray

DEMO = Path(__file__).resolve().parents[3] / "configs" / "demo" / "frames"
ADDRESS = Address("acme", "store-1", "dev-1")
BEFORE = ("08-00", "08-20", "08-40", "09-00", "09-20", "09-40")
AFTER = ("11-00", "11-20", "11-40")


def from_elsewhere(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """What the camera sees once somebody has turned it a good way aside."""
    height, width = image.shape[:2]
    turned = cv2.warpAffine(
        image, cv2.getRotationMatrix2D((0, 0), 4, 1.25), (width, height), borderMode=cv2.BORDER_REFLECT
    )
    return np.ascontiguousarray(turned[:, ::-1], np.uint8)


def test_what_a_moved_camera_shows_is_its_usual_view_once_that_is_said(tmp_path: Path) -> None:
    frames = tmp_path / "frames"
    frames.mkdir()
    for clock in BEFORE:
        shutil.copy(DEMO / f"2026-03-14T{clock}-00.jpg", frames)
    for clock in AFTER:
        name = f"2026-03-14T{clock}-00.jpg"
        cv2.imwrite(str(frames / name), from_elsewhere(read_image(DEMO / name)))
    config = AgentConfig.model_validate(
        {
            "device": {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device},
            "zone": "Asia/Ho_Chi_Minh",
            "data": tmp_path / "data",
            "cameras": [
                {
                    "id": "cam-1",
                    "fixture": "cooler-1",
                    "source": {"kind": "folder", "path": str(frames), "times": "names", "simulated": True},
                }
            ],
            "fixtures": [{"id": "cooler-1"}],
        }
    )
    outbox = Outbox.open(tmp_path / "outbox.db", address=ADDRESS)
    around = Surroundings(
        outbox=outbox,
        clock=Clock(),
        clockwork=config.clockwork,
        zone=config.zone,
        evidence=config.evidence,
        spool=None,
        versions=Versions(agent="0", detector="0"),
        wake=lambda: None,
    )
    crew = Crew(open_cameras(config, load_analysers(config), around), clock=around.clock, clockwork=config.clockwork)
    for _ in (*BEFORE, AFTER[0]):
        crew.capture("command")
    view_anew(crew)
    crew.capture("command")
    told = [event["data"].get("reason", "accepted") for event in events(outbox)]
    outbox.close()
    assert told == [*["accepted"] * len(BEFORE), "moved", "accepted", "accepted"]


def events(outbox: Outbox) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while batches := outbox.due():
        for batch in batches:
            body = json.loads(batch.body)
            found += body if isinstance(body, list) else [body]
    return sorted(found, key=lambda event: int(event["seq"]))

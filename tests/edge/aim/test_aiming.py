"""Cameras while they are aimed: who stands before one is not seen, what is learnt is handed on, what failed is told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest

from edge.aim.aiming import Aiming
from edge.aim.eye import CameraEye
from edge.aim.findings import LANGUAGES
from edge.contract.errors import ConfigError
from edge.contract.topics import Address
from edge.deliver.outbox import Outbox
from edge.deliver.sealing import PLAIN
from edge.device.analysis import LoadedModels, load_analyser
from edge.device.installation import Steps
from edge.device.installation_page import step_lines
from edge.device.settings import read_config
from edge.recognise.images import read_image
from models.scenes.shopper import Shopper, draw_shopper
from tests.brokers import free_port
from tests.edge.device.agents import FRAMES, frames, live_camera, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from edge.contract.config import AgentConfig
    from edge.contract.provisioning import InstallStep

PATIENCE = 40.0


def until_seen(aiming: Aiming, number: int) -> None:
    deadline = time.monotonic() + PATIENCE
    while aiming.watch is None or aiming.watch.glance.number < number:
        assert aiming.watch is None or not aiming.watch.glance.error, aiming.watch.glance.error
        assert time.monotonic() < deadline
        time.sleep(0.05)


def configured(folder: Path, pictures: Path) -> AgentConfig:
    return read_config(write_config(folder, port=free_port(), cameras=[live_camera(pictures)]))


def somebody_before(frame: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """A frame with a shopper in it, and where."""
    height, width = frame.shape[:2]
    light, cover = draw_shopper(Shopper(0.5, 0.15, 0.5, 3), rows=height, columns=width, room=0.6)
    shown = np.clip(light, 0, 1) ** (1 / 2.2) * 255
    blended = frame * (1 - cover[..., None]) + shown * cover[..., None]
    return blended.astype(np.uint8), cover > 0.99


@pytest.fixture
def eye(tmp_path: Path) -> Iterator[CameraEye]:
    """Of a real camera, whose clock goes on by 31 s a frame."""
    config = configured(tmp_path, frames(tmp_path / "pictures", 5))
    camera = config.cameras[0].model_copy(
        update={"source": config.cameras[0].source.model_copy(update={"simulated": False})}
    )
    ticks = iter(range(0, 10_000, 31))
    loaded = LoadedModels()
    with Outbox.open(tmp_path / "outbox.db", address=Address("acme", "s1", "unit")) as outbox:
        yield CameraEye(
            config,
            camera,
            analyser=load_analyser(config.fixture(camera.fixture), loaded=loaded),
            people=loaded.people,
            outbox=outbox,
            at_rest=PLAIN,
            running=lambda: float(next(ticks)),
        )


def test_who_stands_before_the_camera_is_painted_over(eye: CameraEye) -> None:
    frame, person = somebody_before(read_image(min(FRAMES.glob("*.jpg"))))
    seen = eye.see(frame)
    assert seen.view.people
    assert next(one for one in seen.findings if one.code == "people").passed is False
    assert seen.picture is not None
    size = (seen.picture.shape[1], seen.picture.shape[0])
    before = cv2.resize(frame, size, interpolation=cv2.INTER_AREA).astype(int)
    where = cv2.resize(person.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
    altered = np.abs(seen.picture.astype(int) - before).max(axis=2) > 12
    assert altered[where].mean() > 0.95


def test_what_the_fixture_looks_like_without_people_is_known_once_it_stood_still_for_long_enough(
    eye: CameraEye,
) -> None:
    frame = read_image(min(FRAMES.glob("*.jpg")))
    known = []
    for _ in range(5):
        eye.see(frame)
        known.append(eye.learnt.image is not None)
    assert known == [False, False, False, True, True]  # from 93 s on


def test_a_view_that_was_kept_although_something_was_wrong_says_so_in_both_languages(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for number, path in enumerate(sorted(FRAMES.glob("*.jpg"))[:5] * 4):
        cv2.imwrite(str(pictures / f"{number:03}.jpg"), (read_image(path) * 0.08).astype(np.uint8))
    aiming = Aiming(configured(tmp_path, pictures))
    aiming.open()
    try:
        until_seen(aiming, 2)
        watch = aiming.watch
        assert watch is not None
        assert not aiming.store(watch.glance.number + 9)  # not what the person saw
        deadline = time.monotonic() + PATIENCE
        while not aiming.store(watch.glance.number):
            assert time.monotonic() < deadline
        assert not aiming.left
    finally:
        aiming.close()
    steps: list[InstallStep] = []
    said = aiming.tell(Steps(steps.append))
    (dark,) = [step for step in steps if step.name == "view_dark"]
    assert (dark.passed, dark.said) == (False, "Too dark")
    english, chinese = (step_lines(dark, language, {}, said) for language in LANGUAGES)
    assert english[0] == "[--] Too dark"
    assert english[1].startswith("     -> Switch on the light")
    assert chinese[0] == "[--] 太暗"
    assert len(english) == len(chinese) == 2


def test_while_it_is_open_no_agent_works_and_closed_it_lets_go(tmp_path: Path) -> None:
    config = configured(tmp_path, frames(tmp_path / "pictures", 50))
    first, second = Aiming(config), Aiming(config)
    first.open()
    with pytest.raises(ConfigError, match="edge run works with this device's cameras"):
        second.open()
    first.close()
    second.open()
    second.close()


def test_a_device_without_a_camera_at_a_fixture_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no camera that looks at a fixture"):
        Aiming(configured(tmp_path, frames(tmp_path / "pictures", 1)).model_copy(update={"cameras": ()}))

"""A door at work: its sensors, what is told of it, and the capture after it closed."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest

from edge.contract.config import AgentConfig, DoorSection, FileDoor, GpioDoor, MqttDoor, PictureDoor, StatusSection
from edge.contract.errors import ConfigError, SourceError
from edge.contract.payloads import Versions
from edge.deliver.outbox import Outbox
from edge.deliver.sensors import SensorFeed
from edge.device.clock import Clock
from edge.device.cooler import open_watchers
from edge.device.cooler_status import StatusWatch
from edge.device.crew import Crew
from edge.device.door import DoorWatch, Openings
from edge.device.door_sensors import FileSensor, GpioSensor, MqttSensor, PictureSensor
from edge.device.opening import load_analysers, open_cameras
from edge.device.surroundings import Surroundings
from tests.brokers import Mosquitto
from tests.edge.deliver.goods import ADDRESS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[3]
DEMO = ROOT / "configs" / "demo"
PATIENCE = 60.0


def wait_for(holds: Callable[[], Any], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Place:
    """A cooler's place on disk: outbox, sensor file, and what was looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.sensor = folder / "door"
        self.sensor.write_text("closed\n")
        self.outbox = Outbox.open(folder / "outbox.db", address=ADDRESS)
        self.config = AgentConfig.model_validate(
            {
                "device": {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device},
                "zone": "Asia/Ho_Chi_Minh",
                "data": folder,
                "cameras": [{"id": "cam-1", "fixture": "cooler-1", "source": {"kind": "usb"}}],
                "fixtures": [{"id": "cooler-1"}],
            }
        )
        self.around = self.surroundings(self.config)
        self.looked: list[Openings] = []
        self.kept: list[float] = []  # monotonic moments
        self.opened: list[float] = []
        self.accepts = True

    def surroundings(self, config: AgentConfig) -> Surroundings:
        return Surroundings(
            outbox=self.outbox,
            clock=Clock(),
            clockwork=config.clockwork,
            zone=config.zone,
            evidence=config.evidence,
            spool=None,
            versions=Versions(agent="0", detector="0"),
            wake=lambda: None,
        )

    def keep(self) -> None:
        self.kept.append(time.monotonic())

    def before(self, opened: float) -> None:
        self.opened.append(opened)

    def after(self, openings: Openings) -> bool:
        self.looked.append(openings)
        return self.accepts

    @contextmanager
    def watched(self, **door: Any) -> Iterator[None]:
        """The door at work in a thread of its own."""
        section = DoorSection.model_validate(
            {"sensor": {"kind": "file", "path": self.sensor}, "settle": 0.05, "refill": 0.5, **door}
        )
        assert isinstance(section.sensor, FileDoor)
        watch = DoorWatch("cooler-1", section, sensor=FileSensor(section.sensor), around=self.around, looks=self)
        stop = threading.Event()
        thread = threading.Thread(target=watch.run, args=(stop,))
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)

    @property
    def said(self) -> list[dict[str, Any]]:
        """Every event's data in the outbox, in its order."""
        events: list[dict[str, Any]] = []
        with Outbox.open(self.folder / "outbox.db", address=ADDRESS) as again:
            while batches := again.due():
                for batch in batches:
                    body = json.loads(batch.body)
                    events += body if isinstance(body, list) else [body]
        return [{"type": event["type"], **event["data"]} for event in sorted(events, key=lambda one: int(one["seq"]))]

    def count(self, number: int) -> Callable[[], bool]:
        return lambda: self.outbox.figures().last_seq >= number


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    one = Place(tmp_path)
    yield one
    one.outbox.close()


def test_openings_are_told_and_the_shelves_looked_at_after_each(place: Place) -> None:
    with place.watched(refill=60):
        place.sensor.write_text("open\n")
        wait_for(place.count(1), "the door opened")
        time.sleep(0.3)
        place.sensor.write_text("closed\n")
        wait_for(lambda: place.looked, "the shelves were looked at")
    place.outbox.close()
    opened, closed = place.said
    assert (opened["type"], opened["state"]) == ("cooler.door.v1", "opened")
    assert (closed["type"], closed["state"]) == ("cooler.door.v1", "closed")
    assert 0.2 <= closed["seconds_open"] <= 10
    (openings,) = place.looked
    assert openings.seconds == pytest.approx(closed["seconds_open"], abs=0.01)
    assert openings.refill is False
    assert openings.ids == (opened["opening"],) == (closed["opening"],)


def test_frames_are_kept_while_the_door_is_closed_and_the_opening_is_told_when_it_began(place: Place) -> None:
    with place.watched(before=0.5, settle=0.3):
        wait_for(lambda: len(place.kept) > 1, "frames are kept")
        began = time.monotonic()
        place.sensor.write_text("open\n")
        wait_for(lambda: place.opened, "the frames before are asked for")
        time.sleep(0.3)
    assert began - 0.01 <= place.opened[0] <= began + 0.25  # not when it was believed
    assert max(place.kept) < place.opened[0] + 0.25  # an open door's frames are none from before


def test_without_an_interval_no_frame_is_kept(place: Place) -> None:
    with place.watched(before=0):
        time.sleep(0.3)
        place.sensor.write_text("open\n")
        wait_for(place.count(1), "the door opened")
        time.sleep(0.2)
    assert not place.kept
    assert not place.opened


def test_a_door_open_for_long_is_a_refill_and_reported_when_it_is_too_long(place: Place) -> None:
    with place.watched(too_long=0.6):
        place.sensor.write_text("open\n")
        wait_for(place.count(2), "open too long")
        place.sensor.write_text("closed\n")
        wait_for(lambda: place.looked, "the shelves were looked at")
    place.outbox.close()
    _, too_long, closed = place.said
    assert too_long["type"] == "cooler.status.v1"
    assert 0.6 <= too_long["door_open_seconds"] < closed["seconds_open"]
    assert place.looked[0].refill is True


def test_openings_whose_captures_were_not_accepted_are_told_with_the_next(place: Place) -> None:
    place.accepts = False
    with place.watched(refill=60):
        for number in (1, 2):
            place.sensor.write_text("open\n")
            wait_for(place.count(2 * number - 1), "the door opened")
            time.sleep(0.25)
            place.sensor.write_text("closed\n")
            wait_for(lambda number=number: len(place.looked) == number, "the shelves were looked at")  # type: ignore[misc]
    first, both = place.looked
    assert first.seconds is not None
    assert both.seconds is not None
    assert both.seconds > first.seconds + 0.2
    assert both.ids[:1] == first.ids
    assert len(both.ids) == 2


def test_a_restart_while_the_door_is_open_tells_one_opening_over_both(place: Place) -> None:
    with place.watched():
        place.sensor.write_text("open\n")
        wait_for(place.count(1), "the door opened")
    time.sleep(0.5)
    with place.watched():
        time.sleep(0.3)
        place.sensor.write_text("closed\n")
        wait_for(place.count(2), "the door closed")
    place.outbox.close()
    opened, closed = place.said
    assert (opened["state"], closed["state"]) == ("opened", "closed")
    assert opened["opening"] == closed["opening"]
    assert closed["seconds_open"] >= 0.8


def test_a_sensor_that_is_away_opens_nothing_and_is_heard_when_it_is_back(place: Place) -> None:
    place.sensor.unlink()
    with place.watched():
        time.sleep(0.4)
        assert place.outbox.figures().last_seq == 0
        place.sensor.write_text("open\n")
        wait_for(place.count(1), "the door opened")


def test_a_fifo_tells_every_change_in_its_order(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    sensor = FileSensor(FileDoor(kind="file", path=path))
    assert sensor.ask(0.0) is None
    with path.open("w") as writer:
        for word, is_open in (("open", True), ("closed", False), ("1", True)):
            writer.write(word + "\n")
            writer.flush()
            assert sensor.ask(0.1) is is_open
            assert sensor.ask(0.0) is None
    sensor.close()


def test_a_pin_that_is_not_there_is_told_with_the_mend() -> None:
    pytest.importorskip("gpiod", reason="the extra gpio is not installed")
    sensor = GpioSensor(GpioDoor(kind="gpio", chip=Path("/dev/gpiochip-none"), line=17))
    with pytest.raises(SourceError, match=r"gpiochip-none line 17: No such file.*gpioinfo"):
        sensor.ask(0.0)


def test_a_sensor_over_mqtt_is_heard_retained_and_after_its_broker_was_killed(tmp_path: Path) -> None:
    import paho.mqtt.publish as paho  # noqa: PLC0415 - as a sensor would

    with Mosquitto(tmp_path / "mqtt") as broker:
        settings = broker.broker()

        def say(word: str, *, retain: bool = False) -> None:
            paho.single("zigbee/door", word, qos=1, retain=retain, hostname=settings.host, port=settings.port)

        say('{"contact": false}', retain=True)
        feed = SensorFeed(settings, ["zigbee/door"], name="dev-1-sensors")
        section = MqttDoor(kind="mqtt", topic="zigbee/door", key="contact", open_is=("false",))
        sensor = MqttSensor(section, feed)
        feed.start()
        try:
            wait_for(lambda: sensor.ask(0.1) is True, "the retained word")
            say('{"contact": true}')
            wait_for(lambda: sensor.ask(0.1) is False, "the next word")
            broker.kill()
            wait_for(lambda: not feed.up.is_set(), "the broker is gone")
            broker.start()
            assert feed.up.wait(PATIENCE)
            say('{"contact": false}')
            wait_for(lambda: sensor.ask(0.1) is True, "the word after it")
            assert sensor.ask(0.0) is None
        finally:
            feed.stop()


def with_door(folder: Path, door: dict[str, Any], source: dict[str, Any]) -> AgentConfig:
    camera = {"id": "cam-1", "fixture": "cooler-1", "source": source, "schedule": {"every": "24h"}}
    fixture = {
        "id": "cooler-1",
        "catalogue": str(ROOT / "configs" / "catalogues" / "demo"),
        "planogram": str(DEMO / "planogram.csv"),
        "door": door,
    }
    return AgentConfig.model_validate(
        {
            "device": {"tenant": ADDRESS.tenant, "store": ADDRESS.store, "id": ADDRESS.device},
            "zone": "Asia/Ho_Chi_Minh",
            "data": folder,
            "hours": {"opens": "00:00", "closes": "23:59:59.999", "day_starts": "00:00"},
            "models": {"threads": 1},
            "cameras": [camera],
            "fixtures": [fixture],
        }
    )


def test_the_capture_after_an_opening_tells_what_it_did(place: Place) -> None:
    """Before it the morning's full cooler, after it the evening's."""
    pictures = place.folder / "frames"
    pictures.mkdir()
    shutil.copy(DEMO / "frames" / "2026-03-14T12-20-00.jpg", pictures / "0.jpg")
    for number in range(1, 4):
        shutil.copy(DEMO / "frames" / "2026-03-14T14-00-00.jpg", pictures / f"{number}.jpg")
    door = {"sensor": {"kind": "file", "path": str(place.sensor)}, "settle": 0.05, "refill": 60, "frames": 3}
    config = with_door(place.folder, door, {"kind": "folder", "path": str(pictures), "times": "now"})
    around = place.surroundings(config)
    crew = Crew(open_cameras(config, load_analysers(config), around), clock=around.clock, clockwork=config.clockwork)
    crew.attend(open_watchers(config, crew, around))
    crew.capture("command")
    crew.start()
    try:
        place.sensor.write_text("open\n")
        wait_for(place.count(2), "the door opened")
        place.sensor.write_text("closed\n")
        wait_for(place.count(4), "the shelves were looked at")
    finally:
        crew.stop(PATIENCE)
    assert crew.failure is None
    place.outbox.close()
    said = [one for one in place.said if one["type"] in {"shelf.observed.v1", "cooler.door.v1"}]
    before, opened, closed, after = said
    assert (before["trigger"], opened["state"], closed["state"], after["trigger"]) == (
        "command",
        "opened",
        "closed",
        "door_after",
    )
    opening = after["opening"]
    assert opening["before"] == before["capture"]
    assert opening["openings"] == [opened["opening"]] == [closed["opening"]]
    assert opening["refill"] is False
    assert opening["seconds_open"] == closed["seconds_open"]
    assert opening["taken"]
    assert "lurralos-lime-can-330" in opening["taken"]


def test_each_opening_of_a_live_camera_yields_a_pair_of_captures(place: Place) -> None:
    """The schedule says nothing about either: both are taken because of the door."""
    full, sold = ((DEMO / "frames" / f"2026-03-14T{name}-00.jpg").read_bytes() for name in ("12-20", "14-00"))
    shown = [full]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(shown[-1])

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    door = {
        "sensor": {"kind": "file", "path": str(place.sensor)},
        "settle": 0.05,
        "refill": 60,
        "frames": 1,
        "before": 0.5,
    }
    source = {"kind": "snapshot", "url": f"http://127.0.0.1:{server.server_port}/"}
    config = with_door(place.folder, door, source)
    around = place.surroundings(config)
    crew = Crew(open_cameras(config, load_analysers(config), around), clock=around.clock, clockwork=config.clockwork)
    crew.attend(open_watchers(config, crew, around))
    crew.start()
    try:
        time.sleep(2.5)  # frames from before the door was touched
        place.sensor.write_text("open\n")
        wait_for(place.count(2), "the door opened, and the capture before was read")
        shown.append(sold)
        place.sensor.write_text("closed\n")
        wait_for(place.count(4), "the shelves were looked at")
    finally:
        crew.stop(PATIENCE)
        server.shutdown()
        server.server_close()
    assert crew.failure is None
    place.outbox.close()
    seen = {one["trigger"]: one for one in place.said if one["type"] == "shelf.observed.v1"}
    opened, closed = (one for one in place.said if one["type"] == "cooler.door.v1")
    assert seen["door_after"]["opening"]["before"] == seen["door_before"]["capture"]
    assert seen["door_after"]["opening"]["openings"] == [opened["opening"]] == [closed["opening"]]
    assert seen["door_after"]["opening"]["taken"]


def test_a_door_is_seen_in_the_picture_itself(place: Place) -> None:
    closed = np.random.default_rng(1).integers(0, 255, (240, 320, 3), np.uint8)
    opened = np.random.default_rng(2).integers(0, 255, (240, 320, 3), np.uint8)
    closed, opened = (cv2.GaussianBlur(image, (0, 0), 12) for image in (closed, opened))
    closed, opened = (cv2.normalize(image, image.copy(), 0, 255, cv2.NORM_MINMAX) for image in (closed, opened))
    shown: list[Any] = [closed]
    section = DoorSection.model_validate({"sensor": {"kind": "picture", "every": 0.1}, "settle": 0.15})
    assert isinstance(section.sensor, PictureDoor)
    sensor = PictureSensor(section.sensor, lambda: shown[-1])
    watch = DoorWatch("cooler-1", section, sensor=sensor, around=place.around, looks=place)
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    time.sleep(0.5)
    shown.append(opened)
    wait_for(place.count(1), "the door opened")
    shown.append(None)  # the camera is away: nothing new
    time.sleep(0.3)
    shown.append(closed)
    wait_for(lambda: place.looked, "the shelves were looked at")
    stop.set()
    thread.join(PATIENCE)
    place.outbox.close()
    assert [one["state"] for one in place.said] == ["opened", "closed"]


def test_what_a_cooler_says_of_itself_is_told_and_at_once_when_its_power_fails(place: Place) -> None:
    path = place.folder / "status.json"
    path.write_text('{"cabinet_celsius": 4.5, "power": true}')
    section = StatusSection.model_validate({"source": {"kind": "file", "path": path}, "every": 600})
    watch = StatusWatch("cooler-1", section, around=place.around)
    stop = threading.Event()
    thread = threading.Thread(target=watch.run, args=(stop,))
    thread.start()
    wait_for(place.count(1), "the first status")
    path.write_text("{")  # half written
    time.sleep(1.2)
    path.write_text('{"cabinet_celsius": 4.6, "power": true}')  # nothing that cannot wait
    time.sleep(1.2)
    assert place.outbox.figures().last_seq == 1
    path.write_text('{"cabinet_celsius": 5.0, "power": false}')
    wait_for(place.count(2), "the power failed")
    stop.set()
    thread.join(PATIENCE)
    place.outbox.close()
    assert [(one["cabinet_celsius"], one["power"]) for one in place.said] == [(4.5, True), (5.0, False)]


def test_a_status_that_nobody_keeps_any_more_is_told_no_more(place: Place) -> None:
    path = place.folder / "status.json"
    path.write_text('{"power": true}')
    os.utime(path, (time.time() - 3600, time.time() - 3600))
    section = StatusSection.model_validate({"source": {"kind": "file", "path": path}, "stale": 60})
    stop = threading.Event()
    thread = threading.Thread(target=StatusWatch("cooler-1", section, around=place.around).run, args=(stop,))
    thread.start()
    time.sleep(1.5)
    stop.set()
    thread.join(PATIENCE)
    assert place.outbox.figures().last_seq == 0


def test_a_door_in_the_picture_needs_a_live_camera(place: Place) -> None:
    source = {"kind": "folder", "path": str(DEMO / "frames"), "times": "names"}
    config = with_door(place.folder, {"sensor": {"kind": "picture"}}, source)
    around = place.surroundings(config)
    crew = Crew(open_cameras(config, load_analysers(config), around), clock=around.clock, clockwork=config.clockwork)
    with pytest.raises(ConfigError, match="live camera at fixture cooler-1"):
        open_watchers(config, crew, around)

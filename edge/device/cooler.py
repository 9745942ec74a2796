"""Everything that watches coolers beside the cameras: doors, their sensors, and what coolers say of themselves."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from edge.contract.config import MqttDoor, PictureDoor, StatusTopic
from edge.contract.errors import ConfigError
from edge.deliver.sensors import SensorFeed
from edge.device.cooler_status import StatusWatch
from edge.device.door import DoorWatch
from edge.device.door_frames import FramesBefore
from edge.device.door_sensors import open_sensor
from edge.device.settings import broker_settings

if TYPE_CHECKING:
    import threading

    from edge.contract.config import AgentConfig, DoorSection
    from edge.device.crew import Crew
    from edge.device.door import Openings, Watcher
    from edge.device.post import Post
    from edge.device.surroundings import Surroundings


class FeedWatch:
    """Keeps the connection to the sensors' broker while a crew works."""

    name = "sensors"

    def __init__(self, feed: SensorFeed) -> None:
        self._feed = feed

    def run(self, stop: threading.Event) -> None:
        """See `edge.device.door.Watcher`."""
        self._feed.start()
        try:
            stop.wait()
        finally:
            self._feed.stop()


class DoorLooks:
    """The captures of one fixture about the openings of its door; see `edge.device.door.Looks`."""

    def __init__(self, post: Post | None, door: DoorSection) -> None:
        self._post = post
        self._frames = door.frames
        self._ahead = FramesBefore(door.before) if door.before else None

    def keep(self) -> None:
        """See `Looks`."""
        if self._post is not None and self._ahead is not None:
            self._ahead.keep(self._post.take_ahead(), moment=time.monotonic())

    def before(self, opened: float) -> None:
        """See `Looks`."""
        if self._post is not None and self._ahead is not None:
            self._post.look_before(self._ahead, opened=opened)

    def after(self, openings: Openings) -> bool:
        """See `Looks`."""
        return self._post is not None and self._post.look_after(self._frames, openings)


def open_watchers(config: AgentConfig, crew: Crew, around: Surroundings) -> list[Watcher]:
    """What watches the coolers of a configuration; the crew keeps it going and takes the captures it asks for.

    Raises:
        ConfigError: a door that is to be seen by a camera which only replays pictures, or by none.
        DeliveryError: the sensors' broker cannot be used as it is configured.
    """
    watchers: list[Watcher] = []
    topics = _topics(config)
    feed = None
    if topics:
        settings = broker_settings(config.sensors or config.broker)
        feed = SensorFeed(settings, topics, name=f"{config.device.id}-sensors")
        watchers.append(FeedWatch(feed))
    for fixture in config.fixtures:
        if (door := fixture.door) is not None:
            post = crew.post(fixture.id)
            if isinstance(door.sensor, PictureDoor) and (post is None or not post.live):
                raise ConfigError(
                    f"fixtures.door.sensor: kind picture needs a live camera at fixture {fixture.id}",
                    "name the camera, or use another sensor",
                )
            sensor = open_sensor(door.sensor, feed=feed, glance=post.glance if post is not None else None)
            looks = DoorLooks(post, door)
            watchers.append(DoorWatch(fixture.id, door, sensor=sensor, around=around, looks=looks))
        if fixture.status is not None:
            watchers.append(StatusWatch(fixture.id, fixture.status, around=around, feed=feed))
    return watchers


def _topics(config: AgentConfig) -> set[str]:
    doors = [fixture.door.sensor for fixture in config.fixtures if fixture.door is not None]
    statuses = [fixture.status.source for fixture in config.fixtures if fixture.status is not None]
    said = [*(one.topic for one in doors if isinstance(one, MqttDoor))]
    said += [one.topic for one in statuses if isinstance(one, StatusTopic)]
    for topic in said:
        if said.count(topic) > 1:
            raise ConfigError(f"fixtures: two sensors are to be heard on {topic}", "give each a topic of its own")
    return set(said)

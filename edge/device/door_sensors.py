"""What says that a cooler's door is open: a pin, a file, MQTT, or the camera's picture, each asked in the same way."""

from __future__ import annotations

import os
import stat
import threading
import time
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol

from edge.capture.door import DoorLook, forget_usual, look_at_door, thumbnail
from edge.contract.config import FileDoor, GpioDoor, MqttDoor, PictureDoor
from edge.contract.errors import ConfigError, SourceError
from edge.device.sensor_words import says_open

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    from numpy.typing import NDArray

    from edge.contract.config import DoorSensor
    from edge.deliver.sensors import SensorFeed

MOST_BYTES = 64 * 1024
"""Of a sensor's file."""

FILE_EVERY = 0.1
"""Seconds between two looks at a file: sysfs and FIFOs cost nothing, and a door is open for a second at least."""

GPIO_DEBOUNCE = timedelta(milliseconds=5)
"""Done by the kernel, so that a contact that bounces wakes nobody; the door's own settling time comes on top."""


class Sensor(Protocol):
    """A door's sensor."""

    def ask(self, timeout: float) -> bool | None:
        """Wait up to `timeout` seconds for news; True for open, False for closed, None for nothing new.

        Raises:
            SourceError: it cannot be read; it may be asked again.
        """
        ...

    def forget(self) -> None:
        """What it has said for hours was wrong."""
        ...

    def close(self) -> None:
        """Let go of it."""
        ...


class FileSensor:
    """A file with the present state in it, or a FIFO with a line for each change."""

    def __init__(self, section: FileDoor) -> None:
        self._section = section
        self._fifo: int | None = None
        self._rest = b""

    def ask(self, timeout: float) -> bool | None:
        """See `Sensor`."""
        _rest(min(timeout, FILE_EVERY))
        try:
            said = self._read()
        except OSError as error:
            raise SourceError(
                f"door sensor {self._section.path}: {error.strerror}", "look whether what writes it runs"
            ) from None
        if said is None:
            return None
        text = said.decode("utf-8", errors="replace")
        return says_open(text, key=self._section.key, words=self._section.open_is)

    def forget(self) -> None:
        """See `Sensor`: a file says what it says."""

    def close(self) -> None:
        """Let go of the file."""
        if self._fifo is not None:
            os.close(self._fifo)
            self._fifo = None

    def _read(self) -> bytes | None:
        path = self._section.path
        if self._fifo is None:
            if not stat.S_ISFIFO(path.stat().st_mode):
                with path.open("rb") as file:
                    return file.read(MOST_BYTES)
            # Held open for writing too: else it is at its end whenever nobody writes.
            self._fifo = os.open(path, os.O_RDWR | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            self._rest += os.read(self._fifo, MOST_BYTES)
        lines, newline, self._rest = self._rest.rpartition(b"\n")
        return lines if newline and lines.strip() else None


class MqttSensor:
    """A topic on the sensors' broker."""

    def __init__(self, section: MqttDoor, feed: SensorFeed) -> None:
        self._section = section
        self._feed = feed

    def ask(self, timeout: float) -> bool | None:
        """See `Sensor`."""
        word = self._feed.next(self._section.topic, timeout)
        if word is None:
            return None
        text = word.body.decode("utf-8", errors="replace")
        return says_open(text, key=self._section.key, words=self._section.open_is)

    def forget(self) -> None:
        """See `Sensor`: the next word will be true again."""

    def close(self) -> None:
        """The feed belongs to all sensors."""


class GpioSensor:
    """A pin of the device, through the kernel's character device; needs `gpiod` (the extra `gpio`)."""

    def __init__(self, section: GpioDoor) -> None:
        try:
            import gpiod  # noqa: PLC0415 - only devices with a contact at a pin have it
        except ImportError:
            raise ConfigError(
                "fixtures.door.sensor: kind gpio needs the package gpiod", "pip install facings[edge,gpio]"
            ) from None
        self._gpiod: Any = gpiod
        self._section = section
        self._request: Any = None

    def ask(self, timeout: float) -> bool | None:
        """See `Sensor`."""
        line = self._section.line
        try:
            if self._request is None:
                self._request = self._open()
            elif not self._request.wait_edge_events(timeout):
                return None
            else:
                self._request.read_edge_events()
            active = self._request.get_value(line) == self._gpiod.line.Value.ACTIVE
        except OSError as error:
            self.close()
            raise SourceError(
                f"door sensor {self._section.chip} line {line}: {error.strerror or error}",
                "look at `gpioinfo`, and whether the agent's user is in the group of the device",
            ) from None
        return bool(active == (self._section.open_is == "high"))

    def forget(self) -> None:
        """See `Sensor`: a pin has the level it has."""

    def close(self) -> None:
        """Let go of the line."""
        if self._request is not None:
            self._request.release()
            self._request = None

    def _open(self) -> Any:
        line = self._gpiod.line
        bias = {
            "as_is": line.Bias.AS_IS,
            "pull_up": line.Bias.PULL_UP,
            "pull_down": line.Bias.PULL_DOWN,
            "none": line.Bias.DISABLED,
        }[self._section.bias]
        settings = self._gpiod.LineSettings(
            direction=line.Direction.INPUT, edge_detection=line.Edge.BOTH, bias=bias, debounce_period=GPIO_DEBOUNCE
        )
        return self._gpiod.request_lines(
            str(self._section.chip), consumer="facings-door", config={self._section.line: settings}
        )


class PictureSensor:
    """The camera's own picture.

    Args:
        section: how often, and what counts as open.
        glance: the camera's newest frame, (height, width, 3) BGR; None when there is none.
    """

    def __init__(self, section: PictureDoor, glance: Callable[[], NDArray[np.uint8] | None]) -> None:
        self._section = section
        self._glance = glance
        self._look = DoorLook()
        self._due = time.monotonic()

    def ask(self, timeout: float) -> bool | None:
        """See `Sensor`."""
        wait = self._due - time.monotonic()
        _rest(max(0.0, min(wait, timeout)))
        if wait > timeout:
            return None
        image = self._glance()
        self._due = time.monotonic() + self._section.every
        if image is None:
            return None
        self._look = look_at_door(
            self._look, thumbnail(image), changed=self._section.changed, light=self._section.light
        )
        return self._look.open

    def forget(self) -> None:
        """See `Sensor`: what was taken for an open door is how the fixture looks now."""
        self._look = forget_usual(self._look)

    def close(self) -> None:
        """The camera belongs to the crew."""


def open_sensor(
    section: DoorSensor, *, feed: SensorFeed | None, glance: Callable[[], NDArray[np.uint8] | None] | None
) -> Sensor:
    """The sensor that a door's configuration describes. Nothing is opened before it is asked.

    Args:
        section: the description.
        feed: what is heard on MQTT, for a sensor that speaks it.
        glance: gives the fixture's newest frame, for a door that is seen.

    Raises:
        ConfigError: a package that it needs is missing.
    """
    match section:
        case GpioDoor():
            return GpioSensor(section)
        case FileDoor():
            return FileSensor(section)
        case MqttDoor():
            assert feed is not None
            return MqttSensor(section, feed)
        case PictureDoor():
            assert glance is not None
            return PictureSensor(section, glance)


def _rest(seconds: float) -> None:
    """Wait, whatever becomes of the wall clock; `time.sleep` cannot under libfaketime."""
    threading.Event().wait(seconds)

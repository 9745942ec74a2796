"""A cooler's sensors: its door, and what it measures itself."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from edge.contract.config.section import Duration, Section
from edge.contract.names import UnitScore

Topic = Annotated[str, Field(min_length=1, max_length=500, pattern=r"^[^#+\x00]+$")]
"""An MQTT topic, without wildcards."""

Word = Annotated[str, BeforeValidator(lambda word: str(word).lower())]
"""In small letters, as sensors' words are compared; YAML and JSON may write it as true or 1."""

OPEN_WORDS = ("open", "opened", "on", "true", "1")


class GpioDoor(Section):
    """A door contact at a pin of the device, by the kernel's GPIO character device."""

    kind: Literal["gpio"]
    chip: Path = Field(Path("/dev/gpiochip0"), description="the chip's device")
    line: Annotated[int, Field(ge=0, le=1023)] = Field(description="the line's offset on the chip")
    open_is: Literal["high", "low"] = Field("high", description="the level while the door is open")
    bias: Literal["as_is", "pull_up", "pull_down", "none"] = Field(
        "pull_up", description="the resistor that the chip is to connect; pull_up for a contact to ground"
    )


class FileDoor(Section):
    """A file that another program keeps, or a FIFO it writes to: one word a line, or JSON."""

    kind: Literal["file"]
    path: Path = Field(description="the file, such as /sys/class/gpio/gpio17/value")
    key: str | None = Field(None, description="the key in JSON; without it the last line is the word itself")
    open_is: tuple[Word, ...] = Field(OPEN_WORDS, min_length=1, description="the words, in small letters, for open")


class MqttDoor(Section):
    """A door sensor that speaks MQTT, such as one behind zigbee2mqtt."""

    kind: Literal["mqtt"]
    topic: Topic = Field(description="where it says whether the door is open, such as zigbee2mqtt/cooler-door")
    key: str | None = Field(None, description="the key in JSON, such as contact; without it the message is the word")
    open_is: tuple[Word, ...] = Field(
        OPEN_WORDS, min_length=1, description="the words, in small letters, for open, such as [false] for contact"
    )


class PictureDoor(Section):
    """No sensor: the camera's own picture, by motion over most of it and by the cooler's light."""

    kind: Literal["picture"]
    every: Duration = Field(0.5, ge=0.1, le=10, description="the interval of the frames that are looked at, such as 1s")
    changed: UnitScore = Field(0.35, description="the share of the picture that looks otherwise while the door is open")
    light: Annotated[float, Field(ge=1, le=10)] = Field(
        1.4, description="how many times brighter or darker the picture is while the door is open, if its light turns"
    )


DoorSensor = Annotated[GpioDoor | FileDoor | MqttDoor | PictureDoor, Field(discriminator="kind")]


class DoorSection(Section):
    """A cooler's door, and what its openings lead to."""

    sensor: DoorSensor = Field(description="what says that the door is open; kind: gpio, file, mqtt or picture")
    settle: Duration = Field(0.3, ge=0, le=30, description="how long a sensor must say otherwise to be believed")
    too_long: Duration = Field(
        180.0, gt=0, le=86400, description="an open door is reported after this long, such as 3m"
    )
    lost: Duration = Field(
        14400.0, gt=0, le=604800, description="after this long the word that the door closed must have been lost"
    )
    refill: Duration = Field(
        120.0, gt=0, le=86400, description="openings at least this long are refills, and no depletion, such as 2m"
    )
    frames: Annotated[int, Field(ge=1, le=20)] = Field(
        3, description="frames taken after the door closed, a second apart; the best of them is read"
    )
    before: Duration = Field(
        2.0,
        ge=0,
        le=60,
        description="how often a frame is kept in memory while the door is closed, so that the best from before it "
        "opened is read too; its camera stays on for it; 0: the last capture is the one before",
    )

    @model_validator(mode="after")
    def _in_order(self) -> DoorSection:
        if not self.settle < self.too_long < self.lost:
            raise ValueError("settle must be shorter than too_long, and that shorter than lost")
        if 0 < self.before < 0.5:  # noqa: PLR2004 - frames of 1080p are 6 MB each
            raise ValueError("before is 0.5 s at least, or 0 to keep no frame")
        return self


class StatusFields(Section):
    """Which keys of the JSON are meant; a dot leads into an object, such as sensor.temperature."""

    cabinet_celsius: str = Field("cabinet_celsius", description="the temperature inside, in degrees Celsius")
    power: str = Field("power", description="whether the cooler has power")
    light: str = Field("light", description="whether its light is on")


class StatusFile(Section):
    """A JSON file that another program keeps."""

    kind: Literal["file"]
    path: Path = Field(description="the file")


class StatusTopic(Section):
    """JSON over MQTT."""

    kind: Literal["mqtt"]
    topic: Topic = Field(description="where it is said, such as zigbee2mqtt/cooler-1")


class StatusSection(Section):
    """What a cooler measures itself."""

    source: Annotated[StatusFile | StatusTopic, Field(discriminator="kind")] = Field(
        description="where it is read; kind: file or mqtt"
    )
    fields: StatusFields = Field(StatusFields(), description="the keys of the JSON")
    every: Duration = Field(
        300.0, ge=1, le=86400, description="how often it is told; power and light that change are told at once"
    )
    stale: Duration = Field(900.0, ge=1, le=86400, description="what was said longer ago is told no more")

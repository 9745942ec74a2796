"""The MQTT topics: `facings/v1/{tenant}/{store}/{device}/{channel}`, the store where the device is now."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ROOT = "facings/v1"
_LEVEL = r"[a-z0-9][a-z0-9_-]{0,62}"


class Channel(StrEnum):
    """The last levels of a topic, and who writes there."""

    EVENTS = "events"  # device -> collector, QoS 1
    STATE = "state"  # device and its last will, retained
    RECEIPTS = "receipts"  # collector -> device, QoS 1
    COMMANDS = "commands"  # collector -> device, QoS 1
    REPLIES = "replies"  # device -> collector, QoS 1
    CONFIG = "config"  # collector -> device, retained: what is desired
    CONFIG_REPORTED = "config/reported"  # device -> collector, retained: what is in force


_TOPIC = re.compile(
    rf"{ROOT}/(?P<tenant>{_LEVEL})/(?P<store>{_LEVEL})/(?P<device>{_LEVEL})/(?P<channel>{'|'.join(Channel)})"
)


@dataclass(frozen=True, slots=True)
class Address:
    """One device where it stands now."""

    tenant: str
    store: str
    device: str

    @property
    def source(self) -> str:
        """The CloudEvents `source` of what it observes here."""
        return f"/{self.tenant}/{self.store}/{self.device}"

    def topic(self, channel: Channel) -> str:
        """The topic of one of its channels."""
        return f"{ROOT}/{self.tenant}/{self.store}/{self.device}/{channel}"


def parse_topic(topic: str) -> tuple[Address, Channel] | None:
    """Take a topic apart; None for a topic that is not of this agreement."""
    match = _TOPIC.fullmatch(topic)
    if match is None:
        return None
    return Address(match["tenant"], match["store"], match["device"]), Channel(match["channel"])


def every_device(channel: Channel, *, tenant: str = "+", share: str = "") -> str:
    """The subscription of a collector to a channel of all devices, shared by a group when `share` names one."""
    prefix = f"$share/{share}/" if share else ""
    return f"{prefix}{ROOT}/{tenant}/+/+/{channel}"

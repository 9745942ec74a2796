"""The agent's configuration: one model a concern, unknown keys refused, every field described."""

from edge.contract.config.agent import (
    AgentConfig,
    BrokerSection,
    CollectorSection,
    DeviceSection,
    EvidenceSection,
    Hours,
    ModelsSection,
    OutboxSection,
)
from edge.contract.config.at_rest import AtRestSection
from edge.contract.config.cameras import CameraSection, Schedule, ViewGeometry
from edge.contract.config.cooler import (
    DoorSection,
    DoorSensor,
    FileDoor,
    GpioDoor,
    MqttDoor,
    PictureDoor,
    StatusFields,
    StatusFile,
    StatusSection,
    StatusTopic,
)
from edge.contract.config.fixtures import FixtureSection, QualityRules, StockoutSection, VoteSection
from edge.contract.config.section import Duration
from edge.contract.config.sources import (
    FolderSource,
    MovingSource,
    RtspSource,
    SnapshotSource,
    Source,
    UsbSource,
    VideoSource,
)
from edge.contract.config.traffic import (
    CountingSection,
    FrontSection,
    HeatSection,
    LineSection,
    TrafficCameraSection,
    ZoneSection,
)
from edge.contract.config.updates import UpdatesSection

__all__ = [
    "AgentConfig",
    "AtRestSection",
    "BrokerSection",
    "CameraSection",
    "CollectorSection",
    "CountingSection",
    "DeviceSection",
    "DoorSection",
    "DoorSensor",
    "Duration",
    "EvidenceSection",
    "FileDoor",
    "FixtureSection",
    "FolderSource",
    "FrontSection",
    "GpioDoor",
    "HeatSection",
    "Hours",
    "LineSection",
    "ModelsSection",
    "MovingSource",
    "MqttDoor",
    "OutboxSection",
    "PictureDoor",
    "QualityRules",
    "RtspSource",
    "Schedule",
    "SnapshotSource",
    "Source",
    "StatusFields",
    "StatusFile",
    "StatusSection",
    "StatusTopic",
    "StockoutSection",
    "TrafficCameraSection",
    "UpdatesSection",
    "UsbSource",
    "VideoSource",
    "ViewGeometry",
    "VoteSection",
    "ZoneSection",
]

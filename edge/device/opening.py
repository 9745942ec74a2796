"""From a configuration to its cameras, ready to begin: models loaded, sources opened, memories found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.capture.footage import open_footage
from edge.capture.source import open_source
from edge.contract.config import FolderSource, PictureDoor, VideoSource
from edge.device.analysis import LoadedModels, load_analyser
from edge.device.camera import Camera, memory_key
from edge.device.fixture_views import FixtureViews
from edge.device.memory import CameraMemory
from edge.device.traffic import TrafficCamera
from edge.device.traffic_memory import TrafficMemory, traffic_key
from edge.recognise.manifest import MODELS, find_model
from edge.recognise.people import PeopleDetector

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from edge.contract.config import AgentConfig, CameraSection, FixtureSection
    from edge.device.analysis import Analyser
    from edge.device.surroundings import Surroundings


WATCHED = 10.0
"""Seconds between frames, as its back-off takes it, of a camera that is looked at because of a door: it stays open."""


def models_of(config: AgentConfig, before: LoadedModels | None = None) -> LoadedModels:
    """The models of a configuration: those of the crew before, where they are the same."""
    folder, threads = config.models.folder or MODELS, config.models.threads
    if before is not None and (before.folder, before.threads) == (folder, threads):
        return before
    return LoadedModels(folder, threads)


def looks_for_people(config: AgentConfig) -> bool:
    """Whether somebody can stand before a fixture: not where every picture of one is rendered."""
    sources = [camera.source for camera in config.cameras]
    return any(not (isinstance(source, FolderSource) and source.simulated) for source in sources)


def load_analysers(config: AgentConfig, loaded: LoadedModels | None = None) -> dict[str, Analyser]:
    """The models and plan of each fixture, by its id.

    Raises:
        FacingsError: a model, catalogue or planogram that cannot be used.
    """
    loaded = loaded or models_of(config)
    return {fixture.id: load_analyser(fixture, loaded=loaded) for fixture in config.fixtures}


def open_cameras(config: AgentConfig, analysers: Mapping[str, Analyser], around: Surroundings) -> list[Camera]:
    """Every camera of a configuration, each with what is remembered of it.

    Raises:
        FacingsError: a camera that cannot be used as it is configured.
    """
    cameras = []
    for section in config.cameras:
        memory = CameraMemory.load(around.outbox.get_state(memory_key(section.id)))
        every = _looked_at_every(section, config.fixture(section.fixture))
        source = open_source(section, clockwork=config.clockwork, after=memory.cursor, every=every)
        cameras.append(
            Camera(
                section,
                config.fixture(section.fixture),
                source=source,
                analyser=analysers[section.fixture],
                around=around,
            )
        )
    return cameras


def _looked_at_every(camera: CameraSection, fixture: FixtureSection) -> float | None:
    """Seconds between frames of a camera, where they come at an interval; a door may have it looked at all along."""
    door = fixture.door
    if door is not None and (door.before or isinstance(door.sensor, PictureDoor)):
        return WATCHED if camera.schedule.every is None else min(WATCHED, camera.schedule.every)
    return camera.schedule.every


def open_views(
    config: AgentConfig, cameras: Sequence[Camera], analysers: Mapping[str, Analyser], around: Surroundings
) -> list[FixtureViews]:
    """The fixtures that several of the cameras look at, each with what is remembered of it."""
    found = []
    for fixture in config.fixtures:
        views = [camera for camera in cameras if camera.section.fixture == fixture.id]
        if len(views) > 1:
            found.append(FixtureViews(fixture, views, analyser=analysers[fixture.id], around=around))
    return found


def open_traffic(config: AgentConfig, around: Surroundings) -> list[TrafficCamera]:
    """Every traffic camera of a configuration, each with a detector of its own and what is remembered of it.

    Raises:
        ModelError: the people detector cannot be used.
    """
    cameras = []
    for section in config.traffic:
        detector = PeopleDetector(find_model("people-detector", folder=config.models.folder or MODELS), threads=1)
        memory = TrafficMemory.load(around.outbox.get_state(traffic_key(section.id)))
        film = str(section.source.path) if isinstance(section.source, VideoSource) and section.recorded else ""
        source = open_footage(section, after=memory.after(film))
        cameras.append(TrafficCamera(section, source=source, detector=detector, around=around))
    return cameras

"""The agent's configuration on disk, and everything it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.capture.schedule import cron_fault
from edge.contract.catalogue import CatalogueFile
from edge.contract.config import AgentConfig, FolderSource, VideoSource
from edge.contract.errors import CatalogueError, PlanogramError
from edge.contract.files import load_yaml, wrong_key
from edge.contract.planogram import read_planogram
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import MODELS, find_model

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import CameraSection, FixtureSection
    from edge.contract.planogram import Planogram

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_config(path: Path) -> AgentConfig:
    """Read the configuration; its relative paths are taken from its own folder.

    Raises:
        ConfigError: naming file, line, key and mend.
    """
    return load_yaml(path, AgentConfig).relative_to(path.resolve().parent)


def check_config(config: AgentConfig, path: Path) -> None:
    """Look at everything the configuration points to.

    Args:
        config: as read.
        path: the file it was read from, for the errors.

    Raises:
        FacingsError: the first thing that is missing or wrong, with the file, line and key that point to it.
    """
    if config.broker.host not in LOOPBACK and config.broker.ca_file is None:
        raise wrong_key(
            path,
            ("broker", "host"),
            f"{config.broker.host} is not this machine and broker.ca_file is not set",
            "give the CA certificate that signs the broker's, so that the link is encrypted",
        )
    _check_evidence(config, path)
    for number, camera in enumerate(config.cameras):
        _check_camera(camera, path, ("cameras", number))
    for number, fixture in enumerate(config.fixtures):
        _check_fixture(fixture, path, ("fixtures", number), models=config.models.folder or MODELS)


def _check_evidence(config: AgentConfig, path: Path) -> None:
    """No frame with a person in it may leave the device unblurred, and nothing here finds people yet."""
    rendered = all(isinstance(camera.source, FolderSource) and camera.source.simulated for camera in config.cameras)
    if config.evidence.keep != "never" and not rendered:
        raise wrong_key(
            path,
            ("evidence", "keep"),
            f"{config.evidence.keep} asks for pictures of a real camera, and people in them cannot be blurred yet",
            "set evidence.keep: never; only simulated sources may send pictures",
        )


def _check_camera(camera: CameraSection, path: Path, loc: tuple[int | str, ...]) -> None:
    schedule, source = camera.schedule, camera.source
    if schedule.cron is not None and (reason := cron_fault(schedule.cron)) is not None:
        raise wrong_key(
            path,
            (*loc, "schedule", "cron"),
            f"{schedule.cron!r}: {reason}",
            "five fields: minute hour day month weekday",
        )
    if isinstance(source, FolderSource) and not source.path.is_dir():
        raise wrong_key(path, (*loc, "source", "path"), f"{source.path}: no such folder", "give a folder with pictures")
    if isinstance(source, VideoSource) and not source.path.is_file():
        raise wrong_key(path, (*loc, "source", "path"), f"{source.path}: no such file", "give a video file")


def _check_fixture(fixture: FixtureSection, path: Path, loc: tuple[int | str, ...], *, models: Path) -> None:
    if fixture.planogram is not None and fixture.catalogue is None:
        raise wrong_key(
            path, (*loc, "planogram"), "a planogram without a catalogue", "without one no SKU is ever recognised"
        )
    try:
        if fixture.catalogue is not None:
            Catalogue.load(fixture.catalogue, SkuEmbedder(find_model("sku-embedder", folder=models)).identity)
    except CatalogueError as error:
        raise wrong_key(path, (*loc, "catalogue"), error.what, error.mend) from None
    try:
        if fixture.planogram is not None and fixture.catalogue is not None:
            check_planogram(read_planogram(fixture.planogram), fixture.catalogue, name=str(fixture.planogram))
    except PlanogramError as error:
        raise wrong_key(path, (*loc, "planogram"), error.what, error.mend) from None


def check_planogram(plan: Planogram, catalogue: Path, *, name: str) -> None:
    """Refuse a plan with a SKU that the catalogue does not list: it would be out of stock for ever.

    Raises:
        PlanogramError: naming the SKU and the nearest one that is listed.
        CatalogueError: the catalogue cannot be read.
    """
    listed = {sku.id for sku in load_yaml(catalogue / "catalogue.yaml", CatalogueFile, error=CatalogueError).skus}
    for slot in plan.slots:
        if slot.sku not in listed:
            raise PlanogramError(
                f"{name}: shelf {slot.shelf} position {slot.position}: SKU {slot.sku} is not in {catalogue}",
                "enrol it, or plan one that is listed: edge catalogue list",
            )

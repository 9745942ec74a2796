"""The agent's configuration on disk, and everything it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from edge.capture.schedule import check_schedule
from edge.contract.catalogue import CatalogueFile
from edge.contract.config import AgentConfig, FolderSource, VideoSource
from edge.contract.errors import CatalogueError, ConfigError, PlanogramError
from edge.contract.files import load_yaml
from edge.contract.planogram import read_planogram

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.planogram import Planogram

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_config(path: Path) -> AgentConfig:
    """Read the configuration; its relative paths are taken from its own folder.

    Raises:
        ConfigError: naming file, line, key and mend.
    """
    return load_yaml(path, AgentConfig).relative_to(path.resolve().parent)


def check_config(config: AgentConfig) -> None:
    """Look at everything the configuration points to.

    Raises:
        FacingsError: the first thing that is missing or wrong.
    """
    if config.broker.host not in LOOPBACK and config.broker.ca_file is None:
        raise ConfigError(
            f"broker.host: {config.broker.host} is not this machine and broker.ca_file is not set",
            "give the CA certificate that signs the broker's, so that the link is encrypted",
        )
    _check_evidence(config)
    for camera in config.cameras:
        check_schedule(camera.schedule)
        if isinstance(camera.source, FolderSource) and not camera.source.path.is_dir():
            raise ConfigError(f"cameras: {camera.id}: {camera.source.path}: no such folder", "mend source.path")
        if isinstance(camera.source, VideoSource) and not camera.source.path.is_file():
            raise ConfigError(f"cameras: {camera.id}: {camera.source.path}: no such file", "mend source.path")
    for fixture in config.fixtures:
        if fixture.planogram is not None:
            plan = read_planogram(fixture.planogram)
            if fixture.catalogue is None:
                raise ConfigError(
                    f"fixtures: {fixture.id}: a planogram without a catalogue", "without one no SKU is ever recognised"
                )
            check_planogram(plan, fixture.catalogue, name=str(fixture.planogram))


def _check_evidence(config: AgentConfig) -> None:
    """No frame with a person in it may leave the device unblurred, and nothing here finds people yet.

    Raises:
        ConfigError: pictures of a real camera are to be kept.
    """
    rendered = all(isinstance(camera.source, FolderSource) and camera.source.simulated for camera in config.cameras)
    if config.evidence.keep != "never" and not rendered:
        raise ConfigError(
            f"evidence.keep: {config.evidence.keep} asks for pictures of a real camera, and people in them cannot be "
            "blurred yet",
            "set evidence.keep: never; only simulated sources may send pictures",
        )


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

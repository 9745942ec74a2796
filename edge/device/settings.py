"""The agent's configuration on disk, and everything it points to."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from edge.capture.schedule import cron_fault
from edge.contract.catalogue import CatalogueFile
from edge.contract.config import AgentConfig, FolderSource, UsbSource, VideoSource
from edge.contract.errors import CatalogueError, ConfigError, ModelError, PlanogramError
from edge.contract.files import load_yaml, wrong_key
from edge.contract.planogram_index import check_days, read_planograms
from edge.deliver.settings import BrokerSettings, TlsSettings
from edge.recognise.catalogue import Catalogue
from edge.recognise.embedder import SkuEmbedder
from edge.recognise.manifest import MODELS, find_model

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import BrokerSection, CameraSection, FixtureSection, Source, TrafficCameraSection
    from edge.contract.planogram import Planogram

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def read_config(path: Path) -> AgentConfig:
    """Read the configuration; its relative paths are taken from its own folder.

    Raises:
        ConfigError: naming file, line, key and mend.
    """
    return load_yaml(path, AgentConfig).relative_to(path.resolve().parent)


def broker_settings(section: BrokerSection) -> BrokerSettings:
    """The link's settings from configuration.

    Raises:
        ConfigError: the password file cannot be read.
        DeliveryError: a password without a user name, a certificate without its key.
    """
    password = None
    if section.password_file is not None:
        try:
            password = section.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            said = error.strerror if isinstance(error, OSError) else "not UTF-8"
            mend = "give a file that the agent's user can read"
            raise ConfigError(f"broker.password_file: {section.password_file}: {said}", mend) from None
    tls = None
    if section.ca_file is not None:
        tls = TlsSettings(ca=section.ca_file, certificate=section.cert_file, key=section.key_file)
    return BrokerSettings(section.host, section.port, tls=tls, username=section.username, password=password)


def check_config(config: AgentConfig, path: Path) -> None:
    """Look at everything the configuration points to.

    Args:
        config: as read.
        path: the file it was read from, for the errors.

    Raises:
        FacingsError: the first thing that is missing or wrong, with the file, line and key that point to it.
    """
    _check_trust(config, path)
    for number, camera in enumerate(config.cameras):
        _check_camera(camera, path, ("cameras", number))
    for number, counting in enumerate(config.traffic):
        _check_traffic(counting, config, path, ("traffic", number))
    for number, fixture in enumerate(config.fixtures):
        check_fixture(fixture, path, ("fixtures", number), models=config.models.folder or MODELS)


def _check_trust(config: AgentConfig, path: Path) -> None:
    """Beyond this machine all is encrypted, and both sides show certificates: to the broker, and to the collector."""
    broker, collector, updates = config.broker, config.collector, config.updates
    if broker.host not in LOOPBACK and broker.ca_file is None:
        raise wrong_key(
            path,
            ("broker", "host"),
            f"{broker.host} is not this machine and broker.ca_file is not set",
            "give the CA certificate that signs the broker's, so that the link is encrypted",
        )
    if broker.host not in LOOPBACK and (broker.cert_file is None or broker.key_file is None):
        raise wrong_key(
            path,
            ("broker", "host"),
            f"{broker.host} is not this machine and broker.cert_file and key_file are not set",
            "provision this device: edge provision",
        )
    if collector is not None and not _is_here(collector.url) and collector.cert_file is None:
        raise wrong_key(
            path,
            ("collector", "url"),
            f"{collector.url} is not this machine and collector.cert_file and key_file are not set",
            "provision this device: edge provision",
        )
    releases = None if updates is None else updates.url
    if releases is not None and not _is_here(releases) and not releases.startswith("https://"):
        raise wrong_key(
            path,
            ("updates", "url"),
            f"{releases} is not this machine, and is not encrypted",
            "give an address that begins with https://",
        )


def _is_here(url: str) -> bool:
    return (urlsplit(url).hostname or "") in LOOPBACK


def in_numbers(config: AgentConfig) -> str:
    """What a configuration has, in a few words."""
    kinds = [(len(config.cameras), "cameras"), (len(config.fixtures), "fixtures")]
    if config.traffic:
        kinds.append((len(config.traffic), "traffic cameras"))
    return ", ".join(f"{number} {kind if number != 1 else kind[:-1]}" for number, kind in kinds)


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
    _check_video(source, path, loc)


def _check_video(source: Source, path: Path, loc: tuple[int | str, ...]) -> None:
    if isinstance(source, VideoSource) and not source.path.is_file():
        raise wrong_key(path, (*loc, "source", "path"), f"{source.path}: no such file", "give a video file")


def _check_traffic(camera: TrafficCameraSection, config: AgentConfig, path: Path, loc: tuple[int | str, ...]) -> None:
    _check_video(camera.source, path, loc)
    sources: dict[str, Source] = {one.id: one.source for one in config.cameras}
    sources |= {one.id: one.source for one in config.traffic}
    for other, source in sources.items():
        if other == camera.id or not isinstance(source, UsbSource) or not isinstance(camera.source, UsbSource):
            continue
        if source.device == camera.source.device:
            raise wrong_key(
                path,
                (*loc, "source", "device"),
                f"{source.device} is the device of camera {other}, too",
                "a USB camera serves one at a time, and this one holds it all day: give each a camera of its own",
            )
    if not (camera.lines or camera.zones or camera.front or camera.heat):
        raise wrong_key(path, (*loc, "lines"), f"camera {camera.id} counts nothing", "give lines, zones, front or heat")
    try:
        find_model("people-detector", folder=config.models.folder or MODELS)
    except ModelError as error:
        raise wrong_key(path, ("models", "folder"), error.what, error.mend) from None


def check_fixture(fixture: FixtureSection, path: Path, loc: tuple[int | str, ...], *, models: Path) -> None:
    """Look at what one fixture points to.

    Args:
        fixture: of the configuration.
        path: the file it was read from, for the errors.
        loc: the way to the fixture in that file.
        models: the folder of the models.

    Raises:
        FacingsError: with the file, line and key.
    """
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
            held = read_planograms(fixture.planogram)
            check_days(held, fixture.cooler_model, fixture.channel)
            for one in held:
                check_planogram(one.plan, fixture.catalogue, name=str(one.path))
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

"""A release laid over the device's own configuration: what is called the same takes its place."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic import ValidationError

from edge.contract.config import AgentConfig
from edge.contract.desired import DesiredRefusedError, key_in, merge
from edge.contract.errors import ConfigError
from edge.contract.files import without_echoes
from edge.contract.releases import FOLDERS, MODELS, SETTINGS

if TYPE_CHECKING:
    from pathlib import Path

    from edge.contract.config import FixtureSection
    from edge.contract.releases import BundleKind, Release

DEVICES_OWN = ("device", "data", "updates")
"""No release sets who a device is, or whom it takes releases from."""


def laid_over(config: AgentConfig, release: Release, place: Path) -> AgentConfig:
    """The configuration of a device that runs a release.

    Settings come first, as a merge patch whose relative paths are the release's own. Then its models take the place of
    the models, and a catalogue or planogram that of every one whose folder or file has the same name.

    Args:
        config: the device's own, its paths resolved.
        release: as it was assembled.
        place: its folder.

    Raises:
        ConfigError: its settings do not fit this device.
    """
    kinds = {(bundle.kind, bundle.name) for bundle in release.bundles}
    if ("settings", "settings") in kinds:
        config = _with_settings(config, place / SETTINGS, release.number)
    if any(kind == "models" for kind, _ in kinds):
        config = config.model_copy(update={"models": config.models.model_copy(update={"folder": place / MODELS})})

    def moved(path: Path | None, kind: BundleKind) -> Path | None:
        return place.joinpath(*FOLDERS[kind], path.name) if path is not None and (kind, path.name) in kinds else path

    def fixture(one: FixtureSection) -> FixtureSection:
        return one.model_copy(
            update={
                "catalogue": moved(one.catalogue, "catalogue"),
                "planogram": moved(one.planogram, "planogram"),
            }
        )

    return config.model_copy(update={"fixtures": tuple(fixture(one) for one in config.fixtures)})


def _with_settings(config: AgentConfig, path: Path, number: int) -> AgentConfig:
    patch = json.loads(path.read_text(encoding="utf-8"))
    for name in DEVICES_OWN:
        patch.pop(name, None)
    try:
        content = merge(json.loads(config.model_dump_json(exclude_unset=True)), patch)
    except DesiredRefusedError as error:
        raise ConfigError(f"release {number}: {error.what}") from None
    try:
        return AgentConfig.model_validate(content).relative_to(path.parent)
    except ValidationError as error:
        first = without_echoes(error.errors(include_url=False, include_input=False))[0]
        said = first["msg"].removeprefix("Value error, ")
        raise ConfigError(f"release {number}: {key_in(content, first['loc']) or SETTINGS}: {said}") from None

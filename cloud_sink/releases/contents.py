"""What a release would have a device run, as devices name it: versions of the agent, of models and of catalogues."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import yaml

from cloud_sink.releases.repository import Repository, repository_of
from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from edge.contract.releases import Bundle, Release, ReleaseFile

_MANIFEST, _CATALOGUE = "manifest.json", "catalogue.yaml"


@dataclass(frozen=True, slots=True)
class Contents:
    """The parts of a release. What is empty or None stays as it is on the device."""

    number: int
    agent: str | None = None
    models: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # versions by name, one for each precision
    catalogues: Mapping[str, int] = field(default_factory=dict)  # version by the name in the catalogue
    planograms: bool = False
    settings: bool = False


def contents_of(data: Path, tenant: str, number: int) -> Contents | None:
    """The parts of a release of a fleet; None where it cannot be read. A release never changes: it is read once."""
    try:
        return _contents(repository_of(data, tenant).folder, number)
    except (FacingsError, OSError, ValueError, KeyError, TypeError, yaml.YAMLError):
        return None


@lru_cache(maxsize=256)
def _contents(folder: Path, number: int) -> Contents:
    repository = Repository(folder)
    release = repository.release(number)
    kinds = {bundle.kind for bundle in release.bundles}
    return Contents(
        number,
        agent=next((bundle.agent.version for bundle in release.bundles if bundle.agent is not None), None),
        models=_models(repository, release),
        catalogues=dict(_catalogue(repository, one) for one in release.bundles if one.kind == "catalogue"),
        planograms="planogram" in kinds,
        settings="settings" in kinds,
    )


def _models(repository: Repository, release: Release) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = defaultdict(list)
    for bundle in release.bundles:
        if bundle.kind == "models":
            for one in json.loads(_read(repository, _file(bundle, _MANIFEST)))["models"]:
                plain = one.get("precision", "float32") == "float32"
                found[one["name"]].append(one["version"] if plain else f"{one['version']}+{one['precision']}")
    return {name: tuple(versions) for name, versions in found.items()}


def _catalogue(repository: Repository, bundle: Bundle) -> tuple[str, int]:
    content: Any = yaml.safe_load(_read(repository, _file(bundle, _CATALOGUE)))
    return str(content["name"]), int(content.get("version", 1))


def _file(bundle: Bundle, name: str) -> ReleaseFile:
    return next(file for file in bundle.files if file.path[-1] == name)


def _read(repository: Repository, file: ReleaseFile) -> bytes:
    return (repository.targets / "content" / f"{file.sha256}.{file.sha256}").read_bytes()

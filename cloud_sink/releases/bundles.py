"""From folders of a workstation to the bundles of a release: what is in them is looked at before anybody signs it."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import ValidationError

from cloud_sink.releases.wheels import choose
from edge.contract.catalogue import CatalogueFile
from edge.contract.errors import CatalogueError, ConfigError, FacingsError
from edge.contract.files import load_yaml
from edge.contract.planogram_index import read_planograms
from edge.contract.releases import MAX_FILE_BYTES, SETTINGS, SETTINGS_FILES, Bundle, ReleaseFile
from edge.contract.wheels import Platform

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edge.contract.releases import AgentBuild, BundleKind

DEVICES_OWN = frozenset({"device", "data", "updates"})
"""Sections that no release may set: who a device is, and whom it takes releases from."""

Found = dict[str, "Path"]
"""Where the files of bundles lie, by SHA-256."""


def models(folder: Path) -> tuple[Bundle, Found]:
    """The models of a manifest: it and the files that it names, each as the manifest says.

    Raises:
        ConfigError: a file is missing or is not the one of the manifest.
    """
    manifest = folder / "manifest.json"
    try:
        named = [(one["file"], one["sha256"]) for one in json.loads(manifest.read_text(encoding="utf-8"))["models"]]
    except (OSError, ValueError, KeyError, TypeError):
        raise ConfigError(f"{manifest}: no manifest of models", "give a folder with manifest.json") from None
    for name, sha256 in named:
        if _sha256(folder / name) != sha256:
            raise ConfigError(f"{folder / name} is not the file that {manifest} names", "export the model anew")
    return _bundle("models", "models", {(name,): folder / name for name in ("manifest.json", *(n for n, _ in named))})


def catalogue(folder: Path) -> tuple[Bundle, Found]:
    """A catalogue's folder with all that is in it, under the folder's name.

    Raises:
        CatalogueError: it is none.
    """
    load_yaml(folder / "catalogue.yaml", CatalogueFile, error=CatalogueError)
    return _bundle("catalogue", folder.resolve().name, _below(folder))


def planogram(path: Path) -> tuple[Bundle, Found]:
    """A planogram, or a folder of them, under its name.

    Raises:
        FacingsError: it is none.
    """
    if path.suffix.lower() in {".yaml", ".yml"}:
        raise ConfigError(f"{path}: an index alone", "give the folder that holds it and its planograms")
    read_planograms(path)
    name = path.resolve().name
    return _bundle("planogram", name, _below(path) if path.is_dir() else {(name,): path})


def settings(path: Path, kept: Path, files: Sequence[Path] = ()) -> tuple[Bundle, Found]:
    """Settings: a part of an agent's configuration, in YAML or JSON, that is laid over each device's own.

    Args:
        path: of the file.
        kept: a folder where it is written as devices read it.
        files: that it names as `files/NAME`, such as the certificate of an authority.

    Raises:
        ConfigError: it cannot be read, sets what is each device's own, or names other files than these.
    """
    try:
        content: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise ConfigError(f"{path}: {error}", "give a part of an agent's configuration, as YAML") from None
    if not isinstance(content, dict) or not content:
        raise ConfigError(f"{path}: no settings", "give a part of an agent's configuration, as YAML")
    if own := DEVICES_OWN & content.keys():
        raise ConfigError(f"{path}: {', '.join(sorted(own))}: set on each device alone", "leave it out")
    for name in ("cameras", "fixtures", "traffic"):
        if isinstance(content.get(name), list):
            raise ConfigError(
                f"{path}: {name}: a list would take the place of every device's own", "name each by its id, as a key"
            )
    _check_named(path, content, files)
    kept.mkdir(parents=True, exist_ok=True)
    file = kept / SETTINGS
    file.write_text(json.dumps(content, ensure_ascii=False, sort_keys=True), encoding="utf-8")
    placed: dict[tuple[str, ...], Path] = {(SETTINGS_FILES, one.name): one for one in files}
    return _bundle("settings", "settings", {(SETTINGS,): file, **placed})


def agent(paths: Sequence[Path], platforms: Sequence[str]) -> tuple[Bundle, Found]:
    """The agent itself: its wheel and those of all that it requires, for each platform of the fleet's devices.

    Args:
        paths: wheels, or folders of them.
        platforms: such as `cp311-manylinux_2_36_aarch64`; `edge status` names one.

    Raises:
        ConfigError: something is missing for a platform; it says what, and who requires it.
    """
    if not platforms:
        raise ConfigError(
            "for which devices the wheels are is not said", "name it: --platform cp311-manylinux_2_36_aarch64"
        )
    chosen = choose(paths, [Platform(one) for one in platforms])
    return _bundle("agent", "agent", {(path.name,): path for path in chosen.files}, agent=chosen.build)


def _check_named(path: Path, content: dict[str, Any], files: Sequence[Path]) -> None:
    """What settings name in the release is there, all of it is named, and none of it is a secret of one device."""
    given = {f"{SETTINGS_FILES}/{one.name}": one for one in files}
    named = {text for text in _texts(content) if text.startswith(f"{SETTINGS_FILES}/")}
    if missing := named - given.keys():
        raise ConfigError(f"{path}: {min(missing)} is not in the release", "give it with --file")
    if spare := given.keys() - named:
        raise ConfigError(f"--file {given[min(spare)]}: no setting names {min(spare)}", "name it, or leave it out")
    for one in files:
        if b"PRIVATE KEY" in _read(one):
            raise ConfigError(f"--file {one}: a private key", "every device would have it: provision devices instead")


def _texts(content: object) -> Iterator[str]:
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict | list):
        for one in content.values() if isinstance(content, dict) else content:
            yield from _texts(one)


def _below(folder: Path) -> dict[tuple[str, ...], Path]:
    """Every file below a folder, by its path from the folder's own name on; hidden ones are left out."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    placed = {path.relative_to(folder).parts: path for path in files}
    own = folder.resolve().name
    return {(own, *parts): path for parts, path in placed.items() if not any(one.startswith(".") for one in parts)}


def _bundle(
    kind: BundleKind, name: str, files: dict[tuple[str, ...], Path], *, agent: AgentBuild | None = None
) -> tuple[Bundle, Found]:
    listed, found = [], {}
    for parts, path in files.items():
        sha256 = _sha256(path)
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ConfigError(f"{path}: {size} bytes", f"a file of a release has at most {MAX_FILE_BYTES}")
        listed.append({"path": parts, "sha256": sha256, "size": size})
        found[sha256] = path
    try:
        checked = tuple(ReleaseFile.model_validate(one) for one in listed)
        return Bundle(kind=kind, name=name, files=checked, agent=agent), found
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        raise ConfigError(f"{name}: {first['msg']}", "plain names, up to four folders deep") from None


def _sha256(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise FacingsError(f"{path}: {error.strerror}", "give a file that can be read") from None


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FacingsError(f"{path}: {error.strerror}", "give a file that can be read") from None

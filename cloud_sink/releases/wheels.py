"""The wheels of an agent as files: read, and chosen for each platform of the fleet's devices, before anybody signs."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.metadata import Metadata
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from edge.contract.errors import ConfigError
from edge.contract.releases import AgentBuild, AgentPlatform
from edge.contract.wheels import AGENT, EXTRA, Distribution, Platform, Wheel, closure, fitting

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

OPTIONAL = {"gpio": "gpiod"}
"""Extras of the agent that come with it where their wheel is there. A device that needs one takes no agent without."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """An agent for several platforms, and the files of its wheels."""

    build: AgentBuild
    files: tuple[Path, ...]


def choose(paths: Sequence[Path], platforms: Iterable[Platform]) -> Chosen:
    """Choose what each platform needs out of wheels, or of folders of them.

    Raises:
        ConfigError: a file is no wheel, or for a platform something is missing: it says what, and who requires it.
    """
    read = {path: read_wheel(path) for path in _files(paths)}
    by_name = {wheel.file: path for path, wheel in read.items()}
    if len(by_name) < len(read):
        raise ConfigError("the same wheel lies in two folders", "name each once")
    parts: dict[str, AgentPlatform] = {}
    versions: set[str] = set()
    for platform in platforms:
        fits = fitting(read.values(), platform)
        known = {name: wheel.distribution for name, wheel in fits.items()}
        extras = [EXTRA, *(extra for extra, wheel in OPTIONAL.items() if wheel in known)]
        try:
            names = closure(known, platform.markers, extras=extras)
        except ConfigError as error:
            raise ConfigError(f"{platform.name}: {error.what}", _mend(platform)) from None
        versions.add(str(known[AGENT].version))
        wheels = sorted(fits[name].file for name in names)
        parts[platform.name] = AgentPlatform(
            wheels=tuple(wheels), installed=sum(_unpacked(by_name[name]) for name in wheels)
        )
    if len(versions) != 1:
        raise ConfigError(f"the agent is of {len(versions)} versions: {', '.join(sorted(versions)) or 'none'}", _ONE)
    used = sorted({name for part in parts.values() for name in part.wheels})
    return Chosen(AgentBuild(version=versions.pop(), platforms=parts), tuple(by_name[name] for name in used))


def read_wheel(path: Path) -> Wheel:
    """A wheel's name and what it says of itself.

    Raises:
        ConfigError: it is none.
    """
    try:
        name, version, _, tags = parse_wheel_filename(path.name)
        with zipfile.ZipFile(path) as archive:
            inside = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA") and one.count("/") == 1]
            if len(inside) != 1:
                raise ConfigError(f"{path}: a wheel without METADATA", _GET_WHEELS)
            metadata = Metadata.from_email(archive.read(inside[0]), validate=False)
        requires = tuple(metadata.requires_dist or ())
        python = metadata.requires_python or SpecifierSet()
    except InvalidWheelFilename:
        raise ConfigError(f"{path}: not named as a wheel is", _GET_WHEELS) from None
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}", "give wheels that can be read") from None
    except (zipfile.BadZipFile, ValueError, ExceptionGroup) as error:
        raise ConfigError(f"{path}: no wheel: {error}", _GET_WHEELS) from None
    return Wheel(path.name, Distribution(name, version, requires), tags, python)


def _files(paths: Sequence[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = sorted(path.glob("*.whl")) if path.is_dir() else [path]
        if not inside:
            raise ConfigError(f"{path}: no wheels in it", _GET_WHEELS)
        found += inside
    return found


def _unpacked(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(one.file_size for one in archive.infolist())


def _mend(platform: Platform) -> str:
    return f"a wheel of it for {platform.name} is to lie there: ./scripts/wheels {platform.name}"


_GET_WHEELS = "fetch them: ./scripts/wheels PLATFORM"
_ONE = "give the wheels of one version, and --platform"

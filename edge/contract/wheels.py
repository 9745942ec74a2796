"""Wheels of an agent: which of them a platform takes, and whether all that they require is among them. Pure."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import canonicalize_name

from edge.contract.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from packaging.requirements import Requirement
    from packaging.specifiers import SpecifierSet
    from packaging.version import Version

AGENT = "facings"
"""The distribution of the agent."""

EXTRA = "edge"
"""What of it a device installs."""

PLATFORM_PATTERN = r"^cp3\d{1,2}-(manylinux|musllinux)_\d{1,2}_\d{1,2}_[a-z0-9_]{2,20}$"

_LEGACY = {(2, 17): "manylinux2014", (2, 12): "manylinux2010", (2, 5): "manylinux1"}
_OLD_MACHINES = frozenset({"x86_64", "i686"})  # PEP 600: others have wheels from glibc 2.17 on


@dataclass(frozen=True)
class Platform:
    """What a device is to a wheel, such as `cp311-manylinux_2_36_aarch64`: Python, C library, processor.

    The two parts are tags of PEP 425 and PEP 600. A device takes wheels that were built for its C library or an older
    one.

    Attributes:
        name: as above.
    """

    name: str

    def __post_init__(self) -> None:
        if not re.fullmatch(PLATFORM_PATTERN, self.name):
            raise ConfigError(
                f"{self.name!r} is no platform of a device",
                "such as cp311-manylinux_2_36_aarch64: CPython 3.11, glibc 2.36, 64-bit ARM",
            )

    @property
    def python(self) -> tuple[int, int]:
        """Major and minor version."""
        return 3, int(self.name.split("-")[0][3:])

    @property
    def tag(self) -> str:
        """The part of PEP 600."""
        return self.name.split("-")[1]

    @property
    def machine(self) -> str:
        """The processor, as `uname -m` has it."""
        return self.tag.split("_", 3)[3]

    @property
    def library(self) -> tuple[int, int]:
        """The version of the C library."""
        _, major, minor, _ = self.tag.split("_", 3)
        return int(major), int(minor)

    @cached_property
    def tags(self) -> Sequence[Tag]:
        """The tags of the wheels that it takes, the best first."""
        interpreter = f"cp{self.python[0]}{self.python[1]}"
        platforms = list(self._platforms())
        exact = cpython_tags(self.python, abis=[interpreter], platforms=platforms)
        return [*exact, *compatible_tags(self.python, interpreter, platforms)]

    @property
    def markers(self) -> dict[str, str]:
        """What environment markers (PEP 508) are on it."""
        version = ".".join(map(str, self.python))
        return {
            "implementation_name": "cpython",
            "implementation_version": f"{version}.0",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": "Linux",
            "platform_version": "",
            "python_full_version": f"{version}.0",
            "python_version": version,
            "sys_platform": "linux",
        }

    def _platforms(self) -> Iterator[str]:
        kind, machine = self.tag.split("_")[0], self.machine
        major, newest = self.library
        oldest = 0 if kind == "musllinux" else 5 if machine in _OLD_MACHINES else 17
        for minor in range(newest, oldest - 1, -1):
            yield f"{kind}_{major}_{minor}_{machine}"
            if kind == "manylinux" and (major, minor) in _LEGACY:
                yield f"{_LEGACY[major, minor]}_{machine}"
        yield f"linux_{machine}"


@dataclass(frozen=True, slots=True)
class Distribution:
    """What is installed or to be: its name in canonical form, and what it requires."""

    name: str
    version: Version
    requires: tuple[Requirement, ...] = ()


@dataclass(frozen=True, slots=True)
class Wheel:
    """A distribution as a file."""

    file: str
    distribution: Distribution
    tags: frozenset[Tag]
    python: SpecifierSet  # the versions of Python that it says it runs on


def fitting(wheels: Iterable[Wheel], platform: Platform) -> dict[str, Wheel]:
    """The wheel of each distribution that a platform takes: of several builds the one that fits best.

    Raises:
        ConfigError: there are two versions of one distribution.
    """
    ranks = {tag: rank for rank, tag in enumerate(platform.tags)}
    version = ".".join(map(str, platform.python))
    found: dict[str, tuple[int, Wheel]] = {}
    for wheel in wheels:
        rank = min((ranks[tag] for tag in wheel.tags if tag in ranks), default=None)
        if rank is None or not (wheel.python.contains(version) or wheel.python.contains(f"{version}.99")):
            continue
        name = wheel.distribution.name
        known = found.get(name)
        if known is not None and known[1].distribution.version != wheel.distribution.version:
            raise ConfigError(f"{known[1].file} and {wheel.file} are two versions of {name}", "leave one of them out")
        if known is None or rank < known[0]:
            found[name] = rank, wheel
    return {name: wheel for name, (_, wheel) in found.items()}


def closure(
    known: Mapping[str, Distribution], markers: Mapping[str, str], *, extras: Iterable[str] = (EXTRA,)
) -> frozenset[str]:
    """The names of the agent and of all that it requires, each of a version that whoever requires it takes.

    Args:
        known: every distribution that there is, by its canonical name.
        markers: of the platform (PEP 508).
        extras: of the agent.

    Raises:
        ConfigError: what is missing or of another version, and who requires it.
    """
    if AGENT not in known:
        raise ConfigError(f"no {AGENT}", "it is the agent itself: pip wheel --no-deps .")
    wanted: dict[str, set[str]] = defaultdict(set)  # extras that were looked at already
    ahead = [(AGENT, extra) for extra in ("", *extras)]
    while ahead:
        name, extra = ahead.pop()
        if extra in wanted[name]:
            continue
        wanted[name].add(extra)
        one = known[name]
        for requirement in one.requires:
            if not _holds(requirement, markers, extra):
                continue
            needed = canonicalize_name(requirement.name)
            found = known.get(needed)
            who = f"which {one.name} {one.version} requires"
            if found is None:
                raise ConfigError(f"no {requirement.name}{requirement.specifier}, {who}")
            if not requirement.specifier.contains(found.version, prereleases=True):
                raise ConfigError(f"{found.name} {found.version} is not {requirement.specifier}, {who}")
            ahead += [(needed, more) for more in ("", *requirement.extras)]
    return frozenset(wanted)


def _holds(requirement: Requirement, markers: Mapping[str, str], extra: str) -> bool:
    """Whether a requirement is one on this platform, under one extra; under none it is one without extras."""
    if requirement.marker is None:
        return not extra
    if extra and requirement.marker.evaluate({**markers, "extra": ""}):
        return False  # it was looked at without the extra
    return requirement.marker.evaluate({**markers, "extra": extra})

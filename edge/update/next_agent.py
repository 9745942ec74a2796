"""The agent of a release on this device: which of its wheels, whether it may run here, and the environment it is in."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from packaging.tags import sys_tags

from edge.contract.errors import DeliveryError
from edge.contract.wheels import PLATFORM_PATTERN
from edge.update.building import Order, build
from edge.update.environments import is_older, key_of

if TYPE_CHECKING:
    import threading
    from pathlib import Path

    from edge.contract.releases import Bundle, Release, ReleaseFile
    from edge.update.environments import Environments
    from edge.update.state import Slot

BYTECODE = 1.4
"""Bytes of an environment / bytes of its files unpacked: what Python makes of them lies beside, in whole blocks."""


class UnfitError(DeliveryError):
    """The agent of a release is not for this device."""


@dataclass(frozen=True, slots=True)
class NextAgent:
    """The wheels of a release that this device takes.

    Attributes:
        version: of the agent.
        files: its wheels, each with its hash.
        room: bytes that its environment takes, about.
    """

    version: str
    files: tuple[ReleaseFile, ...]
    room: int

    @property
    def key(self) -> str:
        """What its environment is known by."""
        return key_of(file.sha256 for file in self.files)


def next_agent(bundle: Bundle, *, lasted: str | None, installed: str) -> NextAgent:
    """Choose what this device takes of an agent's wheels.

    Args:
        bundle: of a release.
        lasted: the newest version that lasted here; None: none did.
        installed: the version of what was installed on the device or runs.

    Raises:
        UnfitError: it is for other devices, or older than what lasted here.
    """
    build_of = bundle.agent
    assert build_of is not None
    for floor, what in ((lasted, "lasted here"), (installed, "is here")):
        if floor is not None and is_older(build_of.version, floor):
            raise UnfitError(f"its agent {build_of.version} is older than {floor}, which {what}")
    here = fitting_platforms()
    names = [name for name in build_of.platforms if name in here]
    if not names:
        raise UnfitError(f"its agent is for {', '.join(build_of.platforms)}; this device is {this_platform()}")
    part = build_of.platforms[min(names, key=here.index)]
    files = {file.path[-1]: file for file in bundle.files}
    return NextAgent(build_of.version, tuple(files[name] for name in part.wheels), int(part.installed * BYTECODE))


@lru_cache(maxsize=1)
def fitting_platforms() -> list[str]:
    """The platforms whose wheels this device takes, the nearest first."""
    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    names = dict.fromkeys(f"{python}-{tag.platform}" for tag in sys_tags())
    return [name for name in names if re.fullmatch(PLATFORM_PATTERN, name)]


def this_platform() -> str:
    """What `sink release add --platform` calls this device."""
    return next(iter(fitting_platforms()), f"a Python {sys.version_info.major}.{sys.version_info.minor} of its own")


def left_out(release: Release, agent: NextAgent | None) -> frozenset[str]:
    """The wheels, by their SHA-256, that a release has for other devices."""
    if release.agent is None:
        return frozenset()
    own = {file.sha256 for file in agent.files} if agent is not None else set()
    return frozenset(file.sha256 for file in release.agent.files) - own


def prepared(
    agent: NextAgent,
    wheels: Path,
    environments: Environments,
    slot: Slot,
    stop: threading.Event,
) -> None:
    """Build an environment with this agent in it.

    Args:
        agent: which.
        wheels: the folder where they lie.
        environments: of this device.
        slot: the one that nothing runs in, or goes back to.
        stop: leave off when set.

    Raises:
        UnfitError: it cannot be built out of these wheels.
        DeliveryError: it was left off.
    """
    order = Order(
        data=environments.data,
        slot=slot,
        key=agent.key,
        version=agent.version,
        wheels=tuple(wheels / file.path[-1] for file in agent.files),
    )
    if fault := build(order, stop):
        raise UnfitError(f"agent {agent.version} cannot be put into environment {slot}: {fault}")

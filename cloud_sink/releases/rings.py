"""A roll-out: ring by ring, each after a pause and only while the devices before it do well. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from edge.contract.errors import ConfigError
from edge.contract.names import Instant, Slug, Text
from edge.contract.releases import Candidate, Number, Reach, ReleaseHealth, RollOutPlan

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

HEARD_WITHIN = timedelta(hours=1)
"""A device that was silent for longer when a ring began is not waited for: it takes a release up when it is back. One
that fell silent after is: perhaps the release did that."""

_RING = re.compile(r"^([a-z0-9][a-z0-9_-]{0,62})=(.+)$")
_PERCENT = re.compile(r"^(\d{1,3}(?:\.\d+)?)%$")
_SLUG = TypeAdapter(Slug)

State = Literal["running", "stopped", "done"]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Ring(_Kept):
    """The devices that a release reaches with one step, beside those of the steps before."""

    name: Slug
    devices: tuple[Slug, ...] = ()
    stores: tuple[Slug, ...] = ()
    percent: Annotated[float, Field(ge=0, le=100)] = 0.0

    def __str__(self) -> str:
        parts = [*(f"device:{one}" for one in self.devices), *(f"store:{one}" for one in self.stores)]
        return f"{self.name}={','.join([*parts, *([f'{self.percent:g}%'] if self.percent else [])])}"


class RollOut(_Kept):
    """A release on its way to all devices."""

    number: Number
    rings: Annotated[tuple[Ring, ...], Field(min_length=1, max_length=20)]
    pause: timedelta  # at least so long at each ring
    most_failures: Annotated[float, Field(ge=0, le=1)]  # share of the devices reached; with more it stops
    least_done: Annotated[float, Field(ge=0, le=1)]  # share of the devices reached and heard that must run it
    at: Annotated[int, Field(ge=0)] = 0  # which ring
    since: Instant  # when that ring began
    state: State = "running"
    said: Text = ""  # why it stopped
    before: Number | None = None  # what all others run meanwhile

    @property
    def reach(self) -> Reach:
        """All rings up to the present one."""
        reached = self.rings[: self.at + 1]
        return Reach(
            devices=frozenset(one for ring in reached for one in ring.devices),
            stores=frozenset(one for ring in reached for one in ring.stores),
            percent=max(ring.percent for ring in reached),
        )

    @property
    def plan(self) -> RollOutPlan:
        """What the devices are told."""
        if self.state == "done":
            return RollOutPlan(stable=self.number)
        candidate = Candidate(number=self.number, reach=self.reach, stopped=self.state == "stopped")
        return RollOutPlan(stable=self.before, candidate=candidate)


@dataclass(frozen=True, slots=True)
class Standing:
    """A device and how it stands to its release, as it told last."""

    device: str
    store: str
    last_seen: datetime
    lost: bool
    release: ReleaseHealth | None  # None: a device that takes no releases


@dataclass(frozen=True, slots=True)
class Count:
    """How far a release is among the devices that it reached."""

    reached: int
    awaited: int  # of them: heard lately, or at least since the ring began
    done: int  # of those: they run it, and it lasted
    failed: tuple[str, ...]  # devices: it was refused, rolled back, or they were lost with it


def count(rollout: RollOut, fleet: Iterable[Standing], now: datetime) -> Count:
    """Look at the devices that a roll-out reached so far. Those that take no releases are left out."""
    reach, number = rollout.reach, rollout.number
    reached = [
        (one, one.release)
        for one in fleet
        if one.release is not None and reach.covers(number=number, store=one.store, device=one.device)
    ]
    silent = min(now, rollout.since) - HEARD_WITHIN  # since before the ring
    awaited = [(one, release) for one, release in reached if one.last_seen >= silent]
    failed = [
        one.device
        for one, release in reached
        if number in release.set_aside or (one.lost and release.running == number)
    ]
    done = [one for one, release in awaited if (release.running or 0) >= number and release.stage != "probation"]
    return Count(len(reached), len(awaited), len(done), tuple(sorted(failed)))


def advanced(rollout: RollOut, fleet: Sequence[Standing], now: datetime) -> RollOut:
    """The roll-out after a look at the fleet: stopped by failures, at its next ring, done, or as it was."""
    if rollout.state != "running":
        return rollout
    counted = count(rollout, fleet, now)
    if len(counted.failed) > rollout.most_failures * counted.reached:
        named = ", ".join(counted.failed[:5]) + (" …" if len(counted.failed) > 5 else "")  # noqa: PLR2004 - a few names
        said = f"{len(counted.failed)} of {counted.reached} devices failed: {named}"
        return rollout.model_copy(update={"state": "stopped", "said": said[:500]})
    if now - rollout.since < rollout.pause or counted.done < rollout.least_done * counted.awaited:
        return rollout
    if counted.reached and not counted.done:
        return rollout  # who never comes back proves nothing
    if rollout.at + 1 < len(rollout.rings):
        return rollout.model_copy(update={"at": rollout.at + 1, "since": now})
    return rollout.model_copy(update={"state": "done"})


def read_ring(text: str) -> Ring:
    """A ring as a command names it: `pilot=store:store-01,device:unit-07` or `tenth=10%`.

    Raises:
        ConfigError: it is written otherwise.
    """
    mend = "write NAME=10% or NAME=store:ID,device:ID"
    match = _RING.match(text)
    if match is None:
        raise ConfigError(f"--ring {text!r} is no ring", mend)
    found: dict[str, list[str]] = {"device": [], "store": []}
    percent = 0.0
    for part in match[2].split(","):
        share = _PERCENT.match(part)
        kind, _, name = part.partition(":")
        if share is not None and float(share[1]) <= 100:  # noqa: PLR2004 - per cent
            percent = float(share[1])
        elif kind in found and _is_slug(name):
            found[kind].append(name)
        else:
            raise ConfigError(f"--ring {text!r}: {part!r} names no devices", mend)
    return Ring(name=match[1], devices=tuple(found["device"]), stores=tuple(found["store"]), percent=percent)


def _is_slug(name: str) -> bool:
    try:
        _SLUG.validate_python(name)
    except ValidationError:
        return False
    return True

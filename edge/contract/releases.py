"""Releases: what a fleet is to run, as collector and device read it. Signed by TUF; these are the files that it signs.

A release has a number that only goes up, and lists its files by their SHA-256, so that a device fetches only those that
it lacks. The offline key of the fleet signs releases. Which devices run which is said in the roll-out, signed by a key
of the collector: that one can hold a release back or let it out, and can make none.
"""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from edge.contract.names import Instant, Sha256, Slug, Text
from edge.contract.wheels import PLATFORM_PATTERN

ROLL_OUT_ROLE = "roll-out"
"""The delegated TUF role, and the folder of its only target."""

ROLL_OUT = f"{ROLL_OUT_ROLE}/plan.json"

MAX_RELEASE_BYTES = 1024 * 1024
"""Of the list of a release's files."""

MAX_FILE_BYTES = 512 * 1024 * 1024
MAX_TOTAL_BYTES = 2 * 1024 * 1024 * 1024
"""More than this is no release, and would fill a device's disk."""

MODELS = "models"
SETTINGS = "settings.json"
SETTINGS_FILES = "files"
"""Where files lie that settings name, such as the certificate of a new authority."""

Number = Annotated[int, Field(ge=1, le=2**31 - 1)]

FileName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$")]
"""A file or folder of a release: one segment of a path, never hidden, never `..`."""

BundleKind = Literal["models", "catalogue", "planogram", "settings", "agent"]

FOLDERS: dict[BundleKind, tuple[str, ...]] = {
    "models": (MODELS,),
    "catalogue": ("catalogues",),
    "planogram": ("planograms",),
    "settings": (),
    "agent": ("agent",),
}
"""Where the files of a bundle lie within a release."""


def release_target(number: int) -> str:
    """Where TUF has the list of a release's files."""
    return f"releases/{number}.json"


def content_target(sha256: str) -> str:
    """Where TUF has a file."""
    return f"content/{sha256}"


class _Signed(BaseModel):
    # Unknown keys are let through: a newer collector may say more within a format.
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReleaseFile(_Signed):
    """One file of a bundle."""

    path: Annotated[tuple[FileName, ...], Field(min_length=1, max_length=5)]  # segments below the folder of its kind
    sha256: Sha256
    size: Annotated[int, Field(ge=0, le=MAX_FILE_BYTES)]  # bytes


class AgentPlatform(_Signed):
    """The wheels that one platform takes: the agent, and all that it requires."""

    wheels: Annotated[tuple[FileName, ...], Field(min_length=1, max_length=500)]
    installed: Annotated[int, Field(ge=0, le=MAX_TOTAL_BYTES)]  # bytes, once they are unpacked


class AgentBuild(_Signed):
    """One version of the agent, for one platform or several."""

    version: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.+!_-]{1,64}$")]
    platforms: Annotated[
        dict[Annotated[str, StringConstraints(pattern=PLATFORM_PATTERN)], AgentPlatform],
        Field(min_length=1, max_length=32),
    ]


class Bundle(_Signed):
    """Files that belong together: models, a catalogue, the planograms of one name, settings, or an agent's wheels."""

    kind: BundleKind
    name: FileName
    files: Annotated[tuple[ReleaseFile, ...], Field(min_length=1, max_length=10_000)]
    agent: AgentBuild | None = None  # of its kind alone

    @model_validator(mode="after")
    def _named(self) -> Bundle:
        if self.kind in {"catalogue", "planogram"} and any(file.path[0] != self.name for file in self.files):
            raise ValueError(f"a file of {self.name} lies elsewhere")
        if self.kind == "settings":
            own = {file.path for file in self.files if len(file.path) != 2 or file.path[0] != SETTINGS_FILES}  # noqa: PLR2004
            if own != {(SETTINGS,)}:
                raise ValueError(f"settings are {SETTINGS}, and what they name in {SETTINGS_FILES}/")
        self._check_agent()
        return self

    def _check_agent(self) -> None:
        if (self.kind == "agent") != (self.agent is not None):
            raise ValueError("wheels are of an agent, and an agent is of wheels")
        if self.agent is None:
            return
        listed = {file.path for file in self.files}
        for part in self.agent.platforms.values():
            if missing := [name for name in part.wheels if (name,) not in listed]:
                raise ValueError(f"{missing[0]} is not among the files")

    def place(self, file: ReleaseFile) -> tuple[str, ...]:
        """The path of a file within a release, in segments."""
        return (*FOLDERS[self.kind], *file.path)


class Limits(_Signed):
    """How far a release may be from the one before, tried beside it on the same frames of the device."""

    latency: Annotated[float, Field(gt=0, le=100)] = 1.5  # its time for a frame / that of the one before, at most
    memory: Annotated[float, Field(gt=0, le=100)] = 1.5  # its greatest memory / that of the one before, at most
    agreement: Annotated[float, Field(ge=0, le=1)] = 0.8  # share of facings in which both agree, at least


class Release(_Signed):
    """What a device runs: bundles, each in the place of what is called the same in its configuration."""

    format: Literal[1] = 1
    number: Number
    note: Text = ""
    made: Instant
    limits: Limits = Limits()
    bundles: Annotated[tuple[Bundle, ...], Field(min_length=1, max_length=1000)]

    @model_validator(mode="after")
    def _fits(self) -> Release:
        places = [bundle.place(file) for bundle in self.bundles for file in bundle.files]
        if len(set(places)) < len(places):
            raise ValueError("two files have one place")
        if sum(bundle.kind == "agent" for bundle in self.bundles) > 1:
            raise ValueError("two agents")
        if sum(file.size for file in self.files) > MAX_TOTAL_BYTES:
            raise ValueError(f"its files have more than {MAX_TOTAL_BYTES} bytes")
        return self

    @property
    def files(self) -> tuple[ReleaseFile, ...]:
        """Every file once."""
        return tuple({file.sha256: file for bundle in self.bundles for file in bundle.files}.values())

    @property
    def agent(self) -> Bundle | None:
        """The wheels of its agent; None: it says nothing of the agent, and what a device has stays."""
        return next((bundle for bundle in self.bundles if bundle.kind == "agent"), None)


class Reach(_Signed):
    """Which devices a release is for so far."""

    devices: frozenset[Slug] = frozenset()
    stores: frozenset[Slug] = frozenset()
    percent: Annotated[float, Field(ge=0, le=100)] = 0.0

    def covers(self, *, number: int, store: str, device: str) -> bool:
        """Whether a device is among them; each release draws its percentage anew, so that not the same are first."""
        return device in self.devices or store in self.stores or share_of(device, number) < self.percent


class Candidate(_Signed):
    """The release that is being rolled out."""

    number: Number
    reach: Reach = Reach()
    stopped: bool = False  # no device takes it up any more; those that run it go on


class RollOutPlan(_Signed):
    """What the devices of a fleet are to run."""

    format: Literal[1] = 1
    stable: Number | None = None  # for all that the candidate does not reach
    candidate: Candidate | None = None

    def wanted(self, *, store: str, device: str) -> int | None:
        """The release that a device is to run; None: what it came with. It never goes to one of a lower number."""
        one = self.candidate
        if one is not None and not one.stopped and one.reach.covers(number=one.number, store=store, device=device):
            return one.number
        return self.stable


def share_of(device: str, number: int) -> float:
    """A number in [0, 100) that is always the same for a device and a release, and evenly spread over devices."""
    return int.from_bytes(hashlib.sha256(f"{number}/{device}".encode()).digest()[:4], "big") / 2**32 * 100


UpdateStage = Literal[
    "current",  # it runs what it is to run
    "fetching",
    "trying",  # beside the running one, on stored frames
    "waiting",  # for a quiet moment
    "probation",  # it runs, and has not lasted yet
    "refused",  # did not stand the trial
    "rolled_back",  # did not last
    "faulty",  # what came is not what the fleet signed, or there is no room for it
]


class ReleaseHealth(_Signed):
    """How a device stands to the release that it is to run."""

    running: Number | None = None  # None: what it came with
    environment: Literal["a", "b"] | None = None  # its agent lies in; None: the one that was installed on the device
    wanted: Number | None = None
    stage: UpdateStage = "current"
    said: Text = ""  # why it is not further, in one line
    set_aside: dict[Number, Text] = {}  # releases that this device does not take, and why

"""Roles and rights. The one table of who may do what is `LEAST`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class Role(StrEnum):
    """What somebody is, each may do all that the one before may."""

    VIEWER = "viewer"
    MERCHANDISER = "merchandiser"
    FIELD = "field"
    ADMIN = "admin"


class Right(StrEnum):
    """What can be done."""

    FIGURES = "figures"  # read stores, profiles, episodes, devices and their health
    FACTS = "facts"  # read and export raw events
    PHOTOGRAPHS = "photographs"  # look at evidence
    CORRECT = "correct"  # say what a facing is
    PLAN = "plan"  # upload planograms and assign them
    WORK = "work"  # make tasks and move them on
    UPLOAD = "upload"  # store photographs
    PLACE = "place"  # say where devices stand
    RELEASES = "releases"  # fetch what devices are to run
    REFUSED = "refused"  # read the quarantine, and have it read again
    ADMINISTER = "administer"  # users, keys, webhooks, audit log
    OWN = "own"  # one's own session


LEAST: dict[Right, Role] = {
    Right.OWN: Role.VIEWER,
    Right.FIGURES: Role.VIEWER,
    Right.FACTS: Role.MERCHANDISER,
    Right.PHOTOGRAPHS: Role.MERCHANDISER,
    Right.CORRECT: Role.MERCHANDISER,
    Right.PLAN: Role.MERCHANDISER,
    Right.WORK: Role.MERCHANDISER,
    Right.UPLOAD: Role.FIELD,
    Right.PLACE: Role.FIELD,
    Right.RELEASES: Role.FIELD,
    Right.REFUSED: Role.FIELD,
    Right.ADMINISTER: Role.ADMIN,
}
"""The least role that has each right."""

_RANK = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks. Somebody on the machine itself, where no users are kept, is of every tenant."""

    kind: Literal["machine", "user", "key", "device"]
    id: str
    name: str
    tenant: str | None  # None: every tenant
    role: Role

    @property
    def label(self) -> str:
        """As the audit log names them."""
        return self.name if self.kind == "machine" else f"{self.kind} {self.name}"

    def may(self, right: Right) -> bool:
        """Whether they have a right."""
        return _RANK[self.role] >= _RANK[LEAST[right]]

    def sees(self, tenant: str) -> bool:
        """Whether what belongs to a tenant exists for them."""
        return self.tenant in {None, tenant}


MACHINE = Principal("machine", "machine", "this machine", None, Role.ADMIN)
"""Somebody on the machine itself, where no users are kept."""

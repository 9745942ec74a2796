"""What every place for photographs can do, and how a photograph is called there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge.contract.errors import StoreError
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

_LEVEL = r"[a-z0-9][a-z0-9_-]{0,62}"
_KEY = re.compile(rf"({_LEVEL})/({_LEVEL})/({_LEVEL})/([0-9a-f]{{64}})\.jpg")


class EvidenceAway(StoreError):  # noqa: N818 - a state that passes, not a fault of the caller
    """Photographs can be neither kept nor fetched at this moment. Nothing is lost; try again."""


@dataclass(frozen=True, slots=True)
class Name:
    """A photograph's name: by its tenant and its bytes, under the device that sent it first.

    A row about a photograph can be made from its name alone, so that a database set back finds what it forgot.
    """

    address: Address
    sha256: str

    @property
    def key(self) -> str:
        """The path below the root of its place. Every level of it is safe in a file system and in a URL."""
        return f"{self.address.tenant}/{self.address.store}/{self.address.device}/{self.sha256}.jpg"


def name_of(key: str) -> Name | None:
    """The name that a path stands for; None for one that is none of ours."""
    match = _KEY.fullmatch(key)
    return None if match is None else Name(Address(match[1], match[2], match[3]), match[4])


@dataclass(frozen=True, slots=True)
class Kept:
    """A photograph as its place lists it."""

    name: Name
    bytes: int
    at: datetime  # aware: when it came


class EvidencePlace(Protocol):
    """Keeps photographs. Each is there whole or not at all.

    Raises:
        EvidenceAway: from every method, when the place cannot do its work now.
    """

    @property
    def label(self) -> str:
        """The place as a person would name it, without any secret."""

    def put(self, name: Name, content: bytes) -> None:
        """Keep a photograph so that it outlives a power cut after this; one that is there is written anew."""

    def has(self, name: Name, size: int) -> bool:
        """Whether a photograph of so many bytes is there."""

    def get(self, name: Name) -> bytes | None:
        """A photograph; None when it is not there."""

    def remove(self, names: Sequence[Name]) -> None:
        """Delete photographs; nothing happens to those that are gone."""

    def walk(self) -> Iterator[Kept]:
        """All photographs, in no order."""

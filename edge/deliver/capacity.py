"""How much an outbox may hold, and what it gives up first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from edge.contract.errors import DeliveryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.contract.payloads import EventClass

SHED_ORDER: tuple[EventClass, ...] = ("health", "traffic", "observation", "stockout")
"""Evidence goes before all of these; within a class the oldest goes first."""

LOW_WATER = 0.95
"""Dropping goes on to this share of the limit, so that a full outbox does not announce each single event."""

MB = 1024 * 1024

LEAST_MB = 0.5
"""One event of the greatest length, and what says that others had to go for it."""

ROWS_SHARE = 0.85
"""The rest of the file is inner pages and indexes."""


@dataclass(frozen=True, slots=True)
class OutboxLimits:
    """Bounds of an outbox, its evidence included.

    `max_hours` and `keep_receipted_hours` are hours of use: while a device is switched off nothing grows old, and a
    clock that jumps drops nothing.

    Raises:
        DeliveryError: a limit that leaves no room.
    """

    max_mb: float = 200.0
    max_hours: float = 30 * 24.0
    keep_receipted_hours: float = 48.0

    def __post_init__(self) -> None:
        if self.max_mb < LEAST_MB:
            raise DeliveryError(f"outbox limit {self.max_mb} MB", f"give at least {LEAST_MB} MB")
        if self.max_hours <= 0 or self.keep_receipted_hours < 0:
            raise DeliveryError("outbox limits in hours must not be negative", "give hours above 0")

    @property
    def max_bytes(self) -> int:
        """What the rows may take up: the file itself stays within `max_mb`."""
        return int(self.max_mb * MB * ROWS_SHARE)


class Sheddable(Protocol):
    """Evidence that shares the outbox's room and goes first."""

    closed: bool
    """While true it takes nothing in: the disk is full."""

    @property
    def size(self) -> int:
        """Bytes it holds."""

    def shed(self, octets: int) -> None:
        """Drop the oldest until at least `octets` are free, or nothing is left, or the disk refuses."""

    def take_shed(self) -> Sequence[str]:
        """The sha256 of everything dropped since this was last asked, each once."""

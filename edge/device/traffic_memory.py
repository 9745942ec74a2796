"""What an agent remembers of a traffic camera across restarts: counts and times, nothing of any person."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from edge.contract.payloads import TrafficCounted
from edge.deliver.envelope import Draft, Stamp

log = structlog.get_logger(__name__)


class Unsaid(BaseModel):
    """The event that would be appended if the interval under way ended now, with its circumstances."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time: AwareDatetime
    zone: str
    clock: Literal["synced", "unsynced"]
    boot: str
    up: int
    counted: TrafficCounted

    @classmethod
    def of(cls, counted: TrafficCounted, stamp: Stamp) -> Unsaid:
        """What would be said, under these circumstances."""
        return cls(
            time=counted.until, zone=stamp.zone, clock=stamp.clock, boot=stamp.boot, up=stamp.up, counted=counted
        )

    @property
    def draft(self) -> Draft:
        """As it enters the outbox."""
        return Draft(self.time, self.counted)

    @property
    def stamp(self) -> Stamp:
        """Its circumstances: those of the moment when it was written down, not of the next start."""
        return Stamp(self.zone, self.clock, self.boot, self.up)


class TrafficMemory(BaseModel):
    """The state of one traffic camera, stored in the transaction that stores its events."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unsaid: Unsaid | None = None
    film: str = ""  # of a recording that is replayed: its path
    frame: Annotated[int, Field(ge=0)] | None = None  # the number of its last frame that is counted in what is stored

    @classmethod
    def load(cls, text: str | None) -> TrafficMemory:
        """Read what `dump` wrote; an empty memory for None, and for what another version wrote that is not known."""
        if text is None:
            return cls()
        try:
            return cls.model_validate_json(text)
        except ValidationError as error:
            log.warning("traffic.memory_lost", errors=error.error_count())
            return cls()

    def dump(self) -> str:
        """As text."""
        return self.model_dump_json(exclude_none=True)

    def after(self, film: str) -> int | None:
        """The last frame of a recording that was counted; None: none of this one."""
        return self.frame if self.film == film else None


def traffic_key(camera: str) -> str:
    """Where the outbox keeps what is remembered of a traffic camera."""
    return f"traffic/{camera}"

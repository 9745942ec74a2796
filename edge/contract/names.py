"""The names both sides use: identifiers that are safe in a topic, a path and a log line."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        raise ValueError(f"no time zone is called {name}") from None
    return name


Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
"""A tenant, store, device, fixture, camera or view: one level of a topic, one segment of a path."""

SkuId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""A SKU as the catalogue names it."""

Epoch = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]
"""128 random bits in hex: born and ended with an outbox database."""

BootId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8,32}$")]
"""The id of one boot of a device."""

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

Seq = Annotated[int, Field(ge=1, le=2**53 - 1)]
"""A sequence number within an epoch, from 1, one more for each event; exact in every JSON reader."""

Zone = Annotated[str, AfterValidator(_known_zone)]
"""An IANA time zone that this machine knows."""

Instant = AwareDatetime
"""A moment with its offset; events carry UTC."""

UnitScore = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1)]
Text = Annotated[str, StringConstraints(max_length=500)]

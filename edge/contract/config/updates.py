"""Signed releases: where they come from, and when they are taken."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from edge.contract.config.section import Duration, Section


class UpdatesSection(Section):
    """Releases from the collector. Whom a device takes them from is set on the device alone."""

    root: Path = Field(description="the fleet's trusted root, as `sink release root` writes it")
    url: Annotated[str, Field(pattern=r"^https?://")] | None = Field(
        None, description="where releases are; without it the collector's url"
    )
    token_file: Path | None = Field(None, description="a file with an API key, where the collector asks for one")
    ca_file: Path | None = Field(None, description="the CA certificate that signs the collector's; else the system's")
    every: Duration = Field(3600.0, ge=1, le=7 * 86400, description="how often the collector is asked, such as 1h")
    when: Literal["closed", "any"] = Field(
        "closed", description="closed: outside opening hours, or after a day of waiting; any: as soon as it was tried"
    )
    healthy_after: Duration = Field(
        600.0, ge=1, le=86400, description="how long a release must work before it stays, such as 10m"
    )
    frames: Annotated[int, Field(ge=0, le=16)] = Field(
        4, description="frames of each camera kept here to try releases on, people painted over; 0 keeps none"
    )

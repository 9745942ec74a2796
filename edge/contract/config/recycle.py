"""When the agent begins anew to give memory back."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.contract.config.section import Section


class RecycleSection(Section):
    """When the agent ends in an orderly way and begins anew in the same process, models and all; by default never."""

    captures: Annotated[int, Field(ge=1, le=10_000_000)] | None = Field(
        None, description="frames read since the start after which it begins anew"
    )
    memory_mb: Annotated[int, Field(ge=64, le=1_000_000)] | None = Field(
        None, description="resident megabytes above which it begins anew, at most once in an hour"
    )

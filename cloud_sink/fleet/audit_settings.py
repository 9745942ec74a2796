"""How much of what the machine says is judged by people."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.contract.config.section import Section


class AuditSection(Section):
    """The weekly sample of facings that people judge without the machine's answer."""

    facings: Annotated[int, Field(ge=10, le=2_000)] = Field(
        100, description="facings of a week's sample; 100 tell a share of 95 % to about 5 points"
    )
    twice: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, description="the share of them that two people judge, so that their agreement is known"
    )

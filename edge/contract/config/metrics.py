"""Figures for Prometheus."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from edge.contract.config.section import Section


class MetricsSection(Section):
    """Figures for Prometheus, on this machine's loopback alone."""

    port: Annotated[int, Field(ge=1, le=65535)] | None = Field(
        None, description="the port of 127.0.0.1 where /metrics is served; left out: it is not"
    )

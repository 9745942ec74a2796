"""The machine: memory and heat."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from edge.device.checks.finding import bad, doubtful, good
from edge.device.health import temperature

if TYPE_CHECKING:
    from edge.contract.findings import Finding

MB = 1024 * 1024
AGENT_MB = 450
"""What an agent with a shelf and a traffic camera is to stay below."""

SCARCE_MB = 100
"""With less than this beside a running agent the kernel soon ends something."""

HOT, TOO_HOT = 75.0, 85.0
"""Degrees Celsius: boards slow down at about 80."""


def check_machine(*, running: bool) -> list[Finding]:
    """Memory and temperature as they are now."""
    return [
        judge_memory(psutil.virtual_memory().available // MB, running=running),
        judge_temperature(temperature()),
    ]


def judge_memory(available_mb: int, *, running: bool) -> Finding:
    """Whether there is memory for an agent, or beside the one that runs."""
    if available_mb < (SCARCE_MB if running else AGENT_MB):
        said = f"{available_mb} MB free{'' if running else f', the agent takes up to {AGENT_MB} MB'}"
        return doubtful("memory", said, "see what else runs: ps aux --sort -rss")
    return good("memory", f"{available_mb} MB free")


def judge_temperature(celsius: float | None) -> Finding:
    """Whether the device gets rid of its heat."""
    if celsius is None:
        return good("temperature", "this device has no sensor")
    if celsius >= TOO_HOT:
        return bad(
            "temperature", f"{celsius:.0f} °C", "it slows down and ages: give it air, keep it off the compressor"
        )
    if celsius >= HOT:
        return doubtful("temperature", f"{celsius:.0f} °C", "give it air, keep it off the cooler's compressor")
    return good("temperature", f"{celsius:.0f} °C")

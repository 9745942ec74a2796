"""The ways from a device to its collector: whether a release changes them, and whether they lead there.

A release that cuts a device off could not be mended from afar: it has to come back by itself.
"""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Literal

from tuf.api.exceptions import DownloadError

from edge.contract.errors import FacingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from edge.contract.config import AgentConfig, UpdatesSection
    from edge.update.fetch import Fetcher

Way = Literal["broker", "collector"]

FRESH = 600.0
"""Seconds, and twice the interval of health: for so long a receipt says that the broker is reached."""

_MOST_BYTES = 16 * 1024


def leads_elsewhere(before: AgentConfig, after: AgentConfig) -> bool:
    """Whether a configuration has another broker, another collector, or believes others there."""
    return (before.broker, before.collector) != (after.broker, after.collector)


class Ways:
    """What of the collector is reached under one configuration.

    Args:
        config: in force.
        fetcher: speaks to the collector as this device does.
        address: of the collector; None where the device has none.
    """

    def __init__(self, config: AgentConfig, fetcher: Callable[[], Fetcher], address: str | None) -> None:
        self._config = config
        self._fetcher = fetcher
        self._address = address
        self._heard = {"broker": float("-inf"), "collector": float("-inf")}

    def receipted(self) -> None:
        """A receipt came: all the way to the collector and back."""
        self._heard["broker"] = time.monotonic()

    def ask(self) -> None:
        """Ask the collector for something small; takes seconds where it does not answer."""
        if self._address is not None:
            with suppress(DownloadError, FacingsError):
                self._fetcher().download_bytes(self._address, _MOST_BYTES)
                self._heard["collector"] = time.monotonic()

    def closed(self, *, ever: bool = False) -> frozenset[Way]:
        """Ways that did not lead to the collector lately; with `ever`: not once since the start."""
        ways: tuple[Way, ...] = ("broker",) if self._address is None else ("broker", "collector")
        oldest = float("-inf") if ever else time.monotonic() - FRESH - 2 * self._config.health_every
        return frozenset(way for way in ways if self._heard[way] <= oldest)

    def told(self, ways: Collection[Way]) -> str:
        """Which ways are closed, for people."""
        broker, collector = self._config.broker, self._config.collector
        said = {
            "broker": f"no receipt by way of broker {broker.host}:{broker.port}",
            "collector": f"no answer of collector {'' if collector is None else collector.url}",
        }
        return ", ".join(said[way] for way in sorted(ways))


def to_ask(config: AgentConfig) -> UpdatesSection | None:
    """How the collector itself is asked, where releases come from elsewhere; None where they come from it."""
    section = config.updates
    if section is None or section.url is None or config.collector is None:
        return None
    return section.model_copy(update={"url": None, "ca_file": config.collector.ca_file, "token_file": None})


def health_address(config: AgentConfig) -> str | None:
    """Where the collector says that it is there."""
    return None if config.collector is None else f"{config.collector.url.rstrip('/')}/healthz"

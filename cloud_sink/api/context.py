"""What the endpoints work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine

    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook


@dataclass(frozen=True, slots=True)
class Context:
    """Database, configuration, and whether events are being received."""

    engine: Engine
    config: SinkConfig
    stores: StoreBook
    ready: Callable[[], bool]

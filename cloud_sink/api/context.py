"""What the endpoints work on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from cloud_sink.evidence.room import EvidenceRoom
    from cloud_sink.fleet.products import ProductBook
    from cloud_sink.fleet.settings import SinkConfig
    from cloud_sink.fleet.stores import StoreBook
    from cloud_sink.store.database import Database


@dataclass(frozen=True, slots=True)
class Context:
    """Database, configuration, master data, photographs, and whether events are being received."""

    engine: Database
    config: SinkConfig
    stores: StoreBook
    products: ProductBook
    photographs: EvidenceRoom
    ready: Callable[[], bool]

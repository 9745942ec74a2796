"""A store's cameras at work without a broker: replayed folders in, the events of the outbox out."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from edge.contract.config import AgentConfig
from edge.contract.payloads import Versions
from edge.contract.topics import Address
from edge.deliver.outbox import Outbox
from edge.device.clock import Clock
from edge.device.crew import Crew
from edge.device.opening import load_analysers, open_cameras, open_views
from edge.device.surroundings import Surroundings

if TYPE_CHECKING:
    from pathlib import Path


def replay(config: dict[str, Any], data: Path) -> list[dict[str, Any]]:
    """Let the cameras of a configuration read their folders to the end.

    Args:
        config: of an agent, without device, zone and data.
        data: a folder of the outbox's own.

    Returns:
        Every event, as it would be sent.
    """
    device = {"tenant": "acme", "store": "store-1", "id": "dev-1"}
    parsed = AgentConfig.model_validate({"device": device, "zone": "UTC", "data": data, **config})
    with Outbox.open(data / "outbox.db", address=Address("acme", "store-1", "dev-1")) as outbox:
        analysers = load_analysers(parsed)
        around = Surroundings(
            outbox=outbox,
            clock=Clock(),
            clockwork=parsed.clockwork,
            zone=parsed.zone,
            evidence=parsed.evidence,
            spool=None,
            versions=Versions(agent="test", detector="test"),
            wake=lambda: None,
        )
        cameras = open_cameras(parsed, analysers, around)
        views = open_views(parsed, cameras, analysers, around)
        crew = Crew(cameras, views=views, clock=around.clock, clockwork=parsed.clockwork)
        crew.start()
        while not crew.ended and crew.failure is None:
            time.sleep(0.05)
        crew.stop(5.0)
        if crew.failure is not None:
            raise crew.failure
        events: list[dict[str, Any]] = []
        while batches := outbox.due():
            for batch in batches:
                body = json.loads(batch.body)
                events += body if isinstance(body, list) else [body]
    return events

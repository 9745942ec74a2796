"""Figures for Prometheus: what happened is counted here, how things stand is looked up when somebody asks."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psutil
import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from edge.contract.events import TYPE_OF_PAYLOAD
from edge.contract.payloads import CaptureRejected, ShelfObserved, TrafficCounted
from edge.device.camera import Camera
from edge.device.health import agent_version, temperature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from prometheus_client.core import Metric

    from edge.deliver.delivery import DeliveryStatus
    from edge.deliver.envelope import Draft
    from edge.deliver.outbox import Figures
    from edge.device.traffic import TrafficCamera

log = structlog.get_logger(__name__)

LOOPBACK = "127.0.0.1"
"""Nobody outside the device asks: a site's own agent reads them here and sends them on."""

SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30)
"""Buckets of a reading: from a fast board to a weak one that reads a dense shelf in tiles."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How things stand at one moment. Mappings go by camera; what is None is not shown."""

    up_seconds: float
    outbox_events: int
    outbox_bytes: int
    dropped: Mapping[str, int]  # by class, since the outbox began
    receipted: int  # since the start, as the next two
    refused: int
    rejected: int  # messages the broker would not have
    broker_connected: bool
    frame_age: Mapping[str, float | None]  # seconds
    inference: Mapping[str, float | None]  # seconds, of the last frame that was read
    withheld: Mapping[tuple[str, str], int]  # wanted pictures, by camera and reason
    resident_bytes: int
    disk_free_bytes: int
    celsius: float | None = None
    versions: Mapping[str, str] = field(default_factory=dict)


def standing(
    cameras: Sequence[Camera | TrafficCamera],
    *,
    figures: Figures,
    delivery: DeliveryStatus,
    data: Path,
    up_seconds: float,
) -> Standing:
    """Look up how things stand now."""
    return Standing(
        up_seconds=up_seconds,
        outbox_events=figures.depth,
        outbox_bytes=figures.octets,
        dropped=figures.drops,
        receipted=delivery.stored,
        refused=delivery.refused,
        rejected=delivery.rejected,
        broker_connected=delivery.connected,
        frame_age={camera.section.id: camera.frame_age() for camera in cameras},
        inference={
            camera.section.id: None if camera.inference_ms is None else camera.inference_ms / 1000 for camera in cameras
        },
        withheld={
            (camera.section.id, reason): number
            for camera in cameras
            if isinstance(camera, Camera)
            for reason, number in camera.withheld.items()
        },
        resident_bytes=psutil.Process().memory_info().rss,
        disk_free_bytes=shutil.disk_usage(data).free,
        celsius=temperature(),
        versions={"agent": agent_version()},
    )


class Metrics:
    """Counters of one agent, and the server that shows them. Safe to use from several threads."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._frames = Counter("facings_frames", "Frames taken from a camera", ["camera"], registry=self._registry)
        self._missed = Counter(
            "facings_frames_missed", "Frames that a camera did not give", ["camera"], registry=self._registry
        )
        self._captures = Counter(
            "facings_captures",
            "Captures by what became of them: accepted, or the reason of their rejection",
            ["camera", "result"],
            registry=self._registry,
        )
        self._observed = Counter(
            "facings_traffic_observed_seconds",
            "Seconds of the intervals told in which a traffic camera was looked at",
            ["camera"],
            registry=self._registry,
        )
        self._events = Counter("facings_events", "Events taken into the outbox", ["type"], registry=self._registry)
        self._reading = Histogram(
            "facings_read_seconds",
            "From a frame in memory to its events on disk: quality gate, recognition, commit",
            ["camera"],
            buckets=SECONDS,
            registry=self._registry,
        )
        self._stop: Callable[[], None] | None = None
        self.captures = 0

    def frame(self, camera: str, *, number: int = 1) -> None:
        """Frames came."""
        self._frames.labels(camera).inc(number)

    def missed(self, camera: str) -> None:
        """No frame came when one was due."""
        self._missed.labels(camera).inc()

    def read(self, camera: str, *, seconds: float) -> None:
        """A frame was read."""
        self.captures += 1
        self._reading.labels(camera).observe(seconds)

    def appended(self, drafts: Sequence[Draft]) -> None:
        """Events entered the outbox."""
        for draft in drafts:
            payload = draft.data
            self._events.labels(TYPE_OF_PAYLOAD[type(payload)]).inc()
            if isinstance(payload, ShelfObserved):
                self._captures.labels(payload.camera, "accepted").inc()
            elif isinstance(payload, CaptureRejected):
                self._captures.labels(payload.camera, payload.reason).inc()
            elif isinstance(payload, TrafficCounted):
                self._observed.labels(payload.camera).inc(payload.seconds_observed)

    def serve(self, port: int, look: Callable[[], Standing]) -> None:
        """Show everything at `http://127.0.0.1:{port}/metrics`. A port that is taken is told, and costs no more."""
        try:
            server, _ = start_http_server(port, addr=LOOPBACK, registry=self._registry)
        except OSError as error:
            log.warning("metrics.not_served", port=port, error=error.strerror)
            return
        self._registry.register(_Now(look))

        def stop() -> None:
            server.shutdown()
            server.server_close()

        self._stop = stop

    def close(self) -> None:
        """Serve no more; a second time does nothing."""
        if self._stop is not None:
            self._stop()
            self._stop = None


class _Now(Collector):
    """Asks how things stand, each time somebody asks here."""

    def __init__(self, look: Callable[[], Standing]) -> None:
        self._look = look

    def collect(self) -> Iterator[Metric]:
        return families(self._look())


def families(now: Standing) -> Iterator[Metric]:
    """How things stand, in Prometheus' form."""
    yield GaugeMetricFamily("facings_up_seconds", "Seconds since the agent began", now.up_seconds)
    yield GaugeMetricFamily("facings_outbox_events", "Events that wait for a receipt", now.outbox_events)
    yield GaugeMetricFamily("facings_outbox_bytes", "Bytes they take up", now.outbox_bytes)
    yield CounterMetricFamily("facings_receipted", "Events receipted by the collector", now.receipted)
    yield CounterMetricFamily("facings_refused", "Events the collector put into quarantine", now.refused)
    yield CounterMetricFamily("facings_broker_rejected", "Messages the broker would not have", now.rejected)
    yield GaugeMetricFamily("facings_broker_connected", "1 while there is a connection", int(now.broker_connected))
    yield GaugeMetricFamily("facings_resident_bytes", "Memory the agent holds", now.resident_bytes)
    yield GaugeMetricFamily("facings_disk_free_bytes", "Room beside the outbox", now.disk_free_bytes)
    dropped = CounterMetricFamily("facings_outbox_dropped", "Events let go since the outbox began", labels=["class"])
    for kind, number in now.dropped.items():
        dropped.add_metric([kind], number)
    yield dropped
    yield _by_camera("facings_frame_age_seconds", "Since a camera's last frame", now.frame_age)
    yield _by_camera("facings_inference_seconds", "Recognition of the last frame that was read", now.inference)
    withheld = CounterMetricFamily(
        "facings_evidence_withheld", "Wanted pictures on which somebody might be seen", labels=["camera", "reason"]
    )
    for (camera, reason), number in now.withheld.items():
        withheld.add_metric([camera, reason], number)
    yield withheld
    if now.celsius is not None:
        yield GaugeMetricFamily("facings_celsius", "The hottest sensor of the device", now.celsius)
    versions = GaugeMetricFamily("facings_version", "What is installed", labels=["part", "version"])
    for part, version in now.versions.items():
        versions.add_metric([part, version], 1)
    yield versions


def _by_camera(name: str, text: str, values: Mapping[str, float | None]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=["camera"])
    for camera, value in values.items():
        if value is not None:
            family.add_metric([camera], value)
    return family

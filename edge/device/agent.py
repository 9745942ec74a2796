"""The agent: cameras on their schedules, one outbox, one delivery, health; until it is stopped or its replays end."""

from __future__ import annotations

import contextlib
import hashlib
import queue
import threading
import time
from datetime import UTC
from typing import TYPE_CHECKING

import structlog

from edge.capture.schedule import next_due
from edge.capture.source import open_source
from edge.contract.errors import ConfigError, DeliveryError
from edge.contract.payloads import Versions
from edge.contract.receipts import CommandName, ConfigReport, Reply
from edge.contract.topics import Address
from edge.deliver.capacity import OutboxLimits
from edge.deliver.delivery import Delivery
from edge.deliver.envelope import Draft
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.deliver.settings import BrokerSettings, TlsSettings
from edge.deliver.upload import EvidenceUploader
from edge.device.analysis import load_analyser
from edge.device.camera import Camera, Surroundings, memory_key
from edge.device.clock import Clock
from edge.device.health import agent_version, device_health
from edge.device.memory import CameraMemory
from edge.recognise.manifest import MODELS

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig, BrokerSection

log = structlog.get_logger(__name__)

LONGEST_SLEEP = 30.0
"""A clock that was set meanwhile is looked at again after this many seconds."""

DRAIN_STEP = 0.2


class Agent:
    """Runs one configuration.

    Raises:
        FacingsError: a camera, model, catalogue, planogram or outbox that cannot be used.
    """

    def __init__(self, config: AgentConfig) -> None:
        self._config = config
        self._clock = Clock()
        self._stop = threading.Event()
        self._failure: BaseException | None = None
        self._inference = threading.Lock()  # two cores serve one inference at a time faster than two at once
        address = Address(config.device.tenant, config.device.store, config.device.id)
        try:
            config.data.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"data: {config.data}: {error.strerror}", "give a folder that can be written") from None
        self._spool = EvidenceSpool(config.data / "evidence", max_mb=config.evidence.max_mb)
        self._outbox = Outbox.open(
            config.data / "outbox.db",
            address=address,
            limits=OutboxLimits(max_mb=config.outbox.max_mb, max_hours=config.outbox.max_hours),
            evidence=self._spool,
        )
        self._delivery = Delivery(self._outbox, broker=broker_settings(config.broker), boot=self._clock.boot)
        self._uploader = (
            EvidenceUploader(self._spool, collector=config.collector.url, address=address)
            if config.collector is not None
            else None
        )
        self._cameras = self._open_cameras()

    @property
    def ended(self) -> bool:
        """Whether every camera has come to the end of its pictures. A live camera never does."""
        return all(camera.ended for camera in self._cameras)

    def run(self) -> int:
        """Work until stopped, or until every replay has ended and all it said is receipted.

        Returns:
            How many events are left without a receipt.
        """
        self._delivery.start()
        if self._uploader is not None:
            self._uploader.start()
        threads = [
            threading.Thread(target=self._watch, args=(camera,), name=f"camera-{camera.section.id}", daemon=True)
            for camera in self._cameras
        ]
        in_force = hashlib.sha256(self._config.model_dump_json().encode()).hexdigest()
        self._delivery.report_config(ConfigReport(sha256=in_force, in_force=True).model_dump_json().encode())
        log.info("agent.started", device=self._config.device.id, cameras=len(threads), epoch=self._outbox.epoch)
        for thread in threads:
            thread.start()
        self._tend()
        for thread in threads:
            thread.join(timeout=5.0)
        return self._close()

    def stop(self) -> None:
        """End in an orderly way; may be called from a signal handler."""
        self._stop.set()

    def _open_cameras(self) -> list[Camera]:
        analysers = {
            fixture.id: load_analyser(
                fixture, models=self._config.models.folder or MODELS, threads=self._config.models.threads
            )
            for fixture in self._config.fixtures
        }
        some = next(iter(analysers.values()))
        around = Surroundings(
            outbox=self._outbox,
            clock=self._clock,
            clockwork=self._config.clockwork,
            zone=self._config.zone,
            evidence=self._config.evidence,
            spool=self._spool,
            versions=Versions(agent=agent_version(), detector=some.detector.version),
            wake=self._delivery.wake,
        )
        cameras = []
        for section in self._config.cameras:
            memory = CameraMemory.load(self._outbox.get_state(memory_key(section.id)))
            source = open_source(section, clockwork=self._config.clockwork, after=memory.cursor)
            cameras.append(
                Camera(
                    section,
                    self._config.fixture(section.fixture),
                    source=source,
                    analyser=analysers[section.fixture],
                    around=around,
                )
            )
        return cameras

    def _watch(self, camera: Camera) -> None:
        """One camera's thread."""
        try:
            while not camera.ended and self._sleep_until_due(camera):
                with self._inference:
                    camera.capture()
        except BaseException as error:  # noqa: BLE001 - whatever it is, the agent must end with it, not go on blind
            self._failure = error
            self._stop.set()
        finally:
            with contextlib.suppress(Exception):
                camera.close()

    def _sleep_until_due(self, camera: Camera) -> bool:
        """Wait for the camera's next capture; False when the agent is stopped first."""
        if camera.replayed:
            return not self._stop.is_set()
        due = next_due(camera.section.schedule, self._clock.now(), self._config.clockwork)
        while due is not None:
            left = (due - self._clock.now()).total_seconds()
            if left <= 0:
                return not self._stop.is_set()
            if self._stop.wait(min(left, LONGEST_SLEEP)):
                return False
        return not self._stop.wait()

    def _tend(self) -> None:
        """The main thread: health, commands, and the end."""
        health_due = time.monotonic()
        while not self._stop.is_set():
            if time.monotonic() >= health_due:
                self._say_health()
                health_due = time.monotonic() + self._config.health_every
            self._obey()
            if not self._delivery.status.running:
                raise DeliveryError("the delivery ended by itself", "see the log; started again, nothing is lost")
            if self.ended:
                self._say_health()
                self._drain()
                return
            self._stop.wait(DRAIN_STEP)

    def _drain(self) -> None:
        """Wait for the receipts of all that was said."""
        told = False
        while not self._stop.wait(DRAIN_STEP):
            figures = self._outbox.figures()
            if figures.depth == 0 and (self._uploader is None or not self._spool.waiting()):
                return
            if not told:
                log.info("agent.draining", events=figures.depth)
                told = True

    def _obey(self) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                command = self._delivery.commands.get_nowait()
                if command.name is not CommandName.CAPTURE:
                    self._delivery.reply(Reply(id=command.id, ok=False, error=f"{command.name} is not known here yet"))
                    continue
                for camera in self._cameras:
                    if not camera.ended:
                        with self._inference:
                            camera.capture("command")
                self._delivery.reply(Reply(id=command.id, ok=True))

    def _say_health(self) -> None:
        replayed = [camera.last_taken for camera in self._cameras if camera.replayed and camera.last_taken]
        everything_replayed = all(camera.replayed for camera in self._cameras)
        if everything_replayed and not replayed:
            return  # nothing was seen yet, and today is not the day of the pictures
        at = max(replayed) if everything_replayed else self._clock.now()
        health = device_health(
            self._cameras,
            outbox=self._outbox,
            data=self._config.data,
            clockwork=self._config.clockwork,
            uptime=self._clock.up(),
            now=self._clock.now(),
            versions={"agent": agent_version()},
        )
        stamp = self._cameras[0].stamp(dated=everything_replayed)
        self._outbox.append([Draft(at.astimezone(UTC), health)], stamp=stamp)
        self._delivery.wake()

    def _close(self) -> int:
        if self._uploader is not None:
            self._uploader.stop()
        self._delivery.stop(timeout=5.0)
        left = self._outbox.figures().depth
        self._outbox.close()
        log.info("agent.stopped", left=left)
        if self._failure is not None:
            raise self._failure
        return left


def broker_settings(section: BrokerSection) -> BrokerSettings:
    """The link's settings from configuration."""
    password = section.password_file.read_text(encoding="utf-8").strip() if section.password_file else None
    tls = None
    if section.ca_file is not None:
        tls = TlsSettings(ca=section.ca_file, certificate=section.cert_file, key=section.key_file)
    return BrokerSettings(section.host, section.port, tls=tls, username=section.username, password=password)

"""The agent: cameras on their schedules, one outbox, one delivery, health; until it is stopped or its replays end."""

from __future__ import annotations

import os
import threading
import time
from datetime import UTC
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil
import structlog

from edge.contract.errors import ConfigError, DeliveryError
from edge.contract.payloads import Versions
from edge.contract.receipts import CommandName
from edge.contract.topics import Address
from edge.deliver.capacity import OutboxLimits
from edge.deliver.delivery import Delivery
from edge.deliver.envelope import Draft, Stamp
from edge.deliver.evidence import EvidenceSpool
from edge.deliver.outbox import Outbox
from edge.deliver.private_files import make_folder
from edge.device.allocator import give_back
from edge.device.at_rest import at_rest_of
from edge.device.clock import Clock, installed_at
from edge.device.commands import Commands, capture_now, view_anew
from edge.device.cooler import open_watchers
from edge.device.crew import Crew
from edge.device.doctor import examine_at_work
from edge.device.exchange import Exchange
from edge.device.health import agent_version, device_health, versions_of
from edge.device.metrics import Metrics, Standing, standing
from edge.device.opening import load_analysers, looks_for_people, models_of, open_cameras, open_traffic, open_views
from edge.device.orders import Orders
from edge.device.pulse import Pulse
from edge.device.recycle import reason_to_begin_anew
from edge.device.release_switch import ReleaseSwitch, trial_folder
from edge.device.remote_config import RemoteConfig, note_report
from edge.device.renewal import Renewer
from edge.device.rights import tighten
from edge.device.settings import broker_settings
from edge.device.supervisor import Supervisor
from edge.device.surroundings import Surroundings
from edge.device.uploading import uploader_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from edge.contract.config import AgentConfig
    from edge.contract.receipts import ConfigReport
    from edge.deliver.delivery import DeliveryStatus
    from edge.device.analysis import Analyser, LoadedModels
    from edge.recognise.privacy import View

log = structlog.get_logger(__name__)

STEP = 0.2
"""Seconds between two looks of the threads that wait for something to happen."""

FAREWELL = 5.0
"""Seconds for what is under way at the end: a command, captures, the flush of the outbox; for each of them."""

CLOCK_KEY = "clock"
"""Where the outbox keeps which moments are surely past."""

LONGEST_COMMAND = 900.0
"""Seconds for one command or one change of the configuration, with many cameras at their deadlines. More is a hang."""

LONGEST_SILENCE = 300.0
"""Seconds without a sign of life of the delivery's threads. A resolver without a network takes minutes to say so."""


class Agent:
    """Runs one configuration, and what a collector desires beside it.

    Args:
        config: the device's own, read from `file` and checked.
        file: for `reload`, for errors, and for relative paths of what is desired.
        supervisor: is told how the agent does.
        learnt: what fixtures look like without people, by camera, learnt by whoever watched them until now in this
            process: its pictures need not wait until that is learnt anew.

    Raises:
        FacingsError: a camera, model, catalogue, planogram or outbox that cannot be used.
    """

    def __init__(
        self,
        config: AgentConfig,
        file: Path = Path("agent.yaml"),
        *,
        supervisor: Supervisor | None = None,
        learnt: Mapping[str, View] | None = None,
    ) -> None:
        self._filed = config
        self._learnt = learnt or {}
        self._clock = Clock(latest_provable=installed_at())
        self._began = time.monotonic()
        self._stop = threading.Event()
        self._pulse = Pulse()
        self._metrics = Metrics()
        self._supervisor = supervisor or Supervisor.of(os.environ)
        self._failure: BaseException | None = None
        self._stuck = ""
        self._loaded: LoadedModels | None = None
        self.anew = False
        """Set at the end: it ended to begin anew."""
        address = Address(config.device.tenant, config.device.store, config.device.id)
        try:
            make_folder(config.data)
            tighten(config.data)
        except OSError as error:
            raise ConfigError(f"data: {config.data}: {error.strerror}", "give a folder that can be written") from None
        self._at_rest = at_rest_of(config)
        self._spool = EvidenceSpool(config.data / "evidence", max_mb=config.evidence.max_mb, at_rest=self._at_rest)
        self._outbox = Outbox.open(
            config.data / "outbox.db",
            address=address,
            limits=OutboxLimits(max_mb=config.outbox.max_mb, max_hours=config.outbox.max_hours),
            evidence=self._spool,
            at_rest=self._at_rest,
        )
        self._outbox.on_append = self._metrics.appended
        self._clock.recall(self._outbox.get_state(CLOCK_KEY))
        self._delivery = Delivery(
            self._outbox,
            broker=broker_settings(config.broker),
            boot=self._clock.boot,
            now=self._clock.now,
            heard=self._heard,
        )
        self._uploader = uploader_of(config, self._spool, address)
        provisioned = config.collector is not None and config.collector.cert_file is not None
        self._orders = Orders(config, file)
        self._renewer = Renewer(config, self._orders) if provisioned else None
        self._releases = ReleaseSwitch(config, file, now=self._clock.likely, look=self._look_through)
        self._force = Exchange(RemoteConfig(config, file), hire=self._hire, report=self._report)
        self._commands = Commands(
            self._delivery.commands,
            reply=self._delivery.reply,
            able={
                CommandName.CAPTURE: lambda: capture_now(self._force.crew),
                CommandName.VIEW: lambda: view_anew(self._force.crew),
                CommandName.RELOAD: self._force.reload,
                CommandName.DOCTOR: self._examine,
                CommandName.RENEW: self._renew_now,
            },
            now=self._clock.now,
        )

    def run(self) -> int:
        """Work until stopped, or until every replay has ended and all it said is receipted.

        Returns:
            How many events are left without a receipt.
        """
        self._delivery.start()
        if self._uploader is not None:
            self._uploader.start()
        if self._renewer is not None:
            self._renewer.start()
        self._releases.start()
        if self._filed.metrics.port is not None:
            self._metrics.serve(self._filed.metrics.port, self._standing)
        log.info(
            "agent.started",
            device=self._filed.device.id,
            cameras=len(self._force.crew.cameras),
            traffic=len(self._force.crew.traffic),
            epoch=self._outbox.epoch,
        )
        self._force.crew.start()
        server = threading.Thread(target=self._serve, name="commands", daemon=True)
        server.start()
        self._supervisor.ready()
        self._tend()
        self._supervisor.stopping()
        self._stop.set()
        server.join(FAREWELL)
        self._force.end(FAREWELL)
        return self._close()

    def stop(self) -> None:
        """End in an orderly way; may be called from a signal handler."""
        self._stop.set()

    def capture(self) -> dict[str, Any]:
        """One frame of every camera that looks at a fixture, now.

        Raises:
            SourceError: none came.
        """
        return capture_now(self._force.crew)

    @property
    def delivery(self) -> DeliveryStatus:
        """How the delivery does."""
        return self._delivery.status

    @property
    def unreceipted(self) -> int:
        """Events that the collector has not receipted."""
        return self._outbox.depth

    @property
    def not_uploaded(self) -> int:
        """Pictures that wait to be uploaded; none where no collector takes them."""
        return 0 if self._uploader is None else len(self._spool.waiting())

    def _hire(self, config: AgentConfig) -> Crew:
        """The cameras of a configuration, ready to begin."""
        self._loaded = models_of(config, self._loaded)
        analysers = load_analysers(config, self._loaded)
        around = Surroundings(
            outbox=self._outbox,
            clock=self._clock,
            clockwork=config.clockwork,
            zone=config.zone,
            evidence=config.evidence,
            spool=self._spool,
            versions=_versions(analysers),
            wake=self._wake,
            views=config.data / "views",
            trials=trial_folder(self._filed, self._at_rest),
            at_rest=self._at_rest,
            learnt=self._learnt,
            people=self._loaded.people if looks_for_people(config) else None,
        )
        cameras = open_cameras(config, analysers, around)
        crew = Crew(
            cameras,
            open_traffic(config, around),
            views=open_views(config, cameras, analysers, around),
            clock=self._clock,
            clockwork=config.clockwork,
            metrics=self._metrics,
        )
        crew.attend(open_watchers(config, crew, around))
        give_back()
        return crew

    def _tend(self) -> None:
        """The main thread: health, the watchdog, and the end."""
        said = float("-inf")
        while not self._stop.is_set() and self._force.crew.failure is None:
            if time.monotonic() - said >= self._force.config.health_every:  # the interval may change meanwhile
                said = time.monotonic()
                self._say_health()
            self._live()
            if self._is_ordered() or self._begins_anew() or self._updates_now():
                return
            if not self._delivery.status.running:
                raise DeliveryError("the delivery ended by itself", "see the log; started again, nothing is lost")
            if self._force.crew.ended:
                self._say_health()
                self._drain()
                return
            self._stop.wait(STEP)

    def _is_ordered(self) -> bool:
        """Whether it is time to end, since the device moves or is to be none: the next start does that."""
        if self._orders.waiting:
            log.info("agent.ends_for_an_order")
            self.anew = True
        return self.anew

    def _renew_now(self) -> dict[str, Any]:
        """Ask the collector now what it would be asked within a day.

        Raises:
            ConfigError: this device was not provisioned.
        """
        if self._renewer is None:
            raise ConfigError("this device was not provisioned", "edge provision --claim …")
        self._renewer.hurry()
        return {}

    def _begins_anew(self) -> bool:
        """Whether it is time to end so that whoever runs this agent begins a new one in its place."""
        reason = reason_to_begin_anew(
            self._force.config.recycle,
            captures=self._metrics.captures,
            resident_mb=psutil.Process().memory_info().rss / 1e6,
            up_seconds=time.monotonic() - self._began,
        )
        if reason is not None:
            log.info("agent.begins_anew", reason=reason)
            self.anew = True
        return self.anew

    def _look_through(self) -> None:
        """One frame of every camera at work, which nobody reads."""
        self._force.crew.look_through()

    def _updates_now(self) -> bool:
        """Whether it is time to end so that another release begins, or the one before."""
        now, clockwork = self._clock.now(), self._force.config.clockwork
        self.anew = self._releases.is_due(self._force.crew, now=now, clockwork=clockwork)
        return self.anew

    def _drain(self) -> None:
        """Wait for the receipts of all that was said."""
        told = False
        while not self._stop.wait(STEP):
            self._live()
            left = self._outbox.depth
            if left == 0 and (self._uploader is None or not self._spool.waiting()):
                return
            if not told:
                log.info("agent.draining", events=left)
                told = True

    def _serve(self) -> None:
        """The thread for what a collector wants: desired configurations and commands, one after the other."""
        try:
            while not self._stop.is_set():
                with self._pulse.busy("a command", within=LONGEST_COMMAND):
                    self._force.follow(self._delivery.desired_config)
                    self._force.note_time(time.monotonic())
                    self._commands.carry_out_next(timeout=STEP)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the agent must end with it, not go on deaf
            self._failure = error
            self._stop.set()

    def _live(self) -> None:
        """Feed the watchdog while every thread does what it should; tell once what does not."""
        stuck = [*self._pulse.overdue(), *self._force.crew.pulse.overdue()]
        if self._delivery.status.silent > LONGEST_SILENCE:
            stuck.append("delivery")
        if (now := ", ".join(stuck)) != self._stuck:
            self._stuck = now
            log.error("agent.stuck", what=now, mend="the supervisor starts it again") if now else log.info(
                "agent.moves"
            )
        if not stuck:
            self._supervisor.alive()

    def _heard(self, at: datetime | None) -> None:
        """Receipts came, and with them perhaps the collector's time."""
        self._releases.receipted()
        if (past := self._clock.hear(at)) is not None:
            self._outbox.note({CLOCK_KEY: past})

    def _report(self, report: ConfigReport) -> None:
        note_report(self._filed.data, report)
        self._delivery.report_config(report.model_dump_json().encode())

    def _examine(self) -> dict[str, Any]:
        found = examine_at_work(self._force.config, self._force.crew.everyone, self._delivery.status)
        return found.model_dump(mode="json")

    def _standing(self) -> Standing:
        return standing(
            self._force.crew.everyone,
            figures=self._outbox.figures(),
            delivery=self._delivery.status,
            data=self._filed.data,
            up_seconds=time.monotonic() - self._began,
        )

    def _say_health(self) -> None:
        crew = self._force.crew
        replayed = [camera.last_taken for camera in crew.everyone if camera.replayed and camera.last_taken]
        everything_replayed = all(camera.replayed for camera in crew.everyone)
        if everything_replayed and not replayed:
            return  # nothing was seen yet, and today is not the day of the pictures
        at = max(replayed) if everything_replayed else self._clock.now()
        health = device_health(
            crew.cameras,
            crew.traffic,
            outbox=self._outbox,
            data=self._filed.data,
            clockwork=self._force.config.clockwork,
            uptime=self._clock.up(),
            now=self._clock.now(),
            versions={"agent": agent_version()} | versions_of(crew.cameras),
            release=self._releases.health,
        )
        stamp = Stamp(
            zone=self._force.config.zone,
            clock="synced" if everything_replayed or self._clock.synced() else "unsynced",
            boot=self._clock.boot,
            up=self._clock.up(),
        )
        self._outbox.append([Draft(at.astimezone(UTC), health)], stamp=stamp)
        self._delivery.wake()
        broker = "connected" if self._delivery.status.connected else self._delivery.status.error or "not yet connected"
        self._supervisor.status(f"{health.outbox_depth} events wait, broker: {broker}")

    def _wake(self) -> None:
        """Something was told, and its picture may be there: neither waits until it is looked for."""
        self._delivery.wake()
        if self._uploader is not None:
            self._uploader.wake()

    def _close(self) -> int:
        if self._uploader is not None:
            self._uploader.stop()
        if self._renewer is not None:
            self._renewer.stop()
        self._releases.stop()
        self._delivery.stop(timeout=FAREWELL if self._delivery.status.connected else 0.0)
        left = self._outbox.depth
        self._metrics.close()
        self._outbox.close()
        log.info("agent.stopped", left=left)
        failure = self._failure or self._force.crew.failure
        if failure is not None:
            raise failure
        return left


def _versions(analysers: Mapping[str, Analyser]) -> Versions:
    """What the agent and its detector are; a device that counts people only has no product detector at work."""
    detector = next((one.detector.version for one in analysers.values()), "none")
    return Versions(agent=agent_version(), detector=detector)

"""The doctor: every check of a device, one after the other, none of which changes anything."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from edge.contract.errors import FacingsError
from edge.contract.findings import DoctorResult
from edge.device.checks.at_rest import check_at_rest
from edge.device.checks.cameras import check_cameras, check_cameras_at_work
from edge.device.checks.certificates import check_certificates
from edge.device.checks.clock import judge_clock, last_synced_event
from edge.device.checks.finding import bad_error, good
from edge.device.checks.machine import check_machine
from edge.device.checks.models import check_fixtures, check_models
from edge.device.checks.peers import check_broker, check_collector, check_link
from edge.device.checks.rights import check_rights
from edge.device.checks.storage import check_disk, check_outbox
from edge.device.clock import Clock, installed_at
from edge.device.settings import check_config, in_numbers, read_config

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.contract.findings import Finding
    from edge.deliver.delivery import DeliveryStatus
    from edge.deliver.outbox_look import OutboxLook
    from edge.device.camera import Camera
    from edge.device.traffic import TrafficCamera


@dataclass(frozen=True, slots=True)
class Examined:
    """What the doctor had before it, for a support bundle."""

    config: AgentConfig | None = None  # None: none was given, or it cannot be read
    outbox: OutboxLook | None = None


class Doctor:
    """Examines a device from outside: its agent may run or not.

    Args:
        file: the agent's configuration; without one only the machine and the shipped models are looked at.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self.examined = Examined()

    def examine(self) -> Iterator[Finding]:
        """Each check as soon as it is done; what takes long comes last."""
        if self._file is None:
            yield _clock(None)
            yield from check_machine(running=False)
            yield from check_models()
            return
        try:
            config = read_config(self._file)
        except FacingsError as error:
            yield bad_error("configuration", error)
            yield _clock(None)
            yield from check_machine(running=False)
            return
        yield _configuration(config, self._file)
        yield from check_disk(config)
        findings, look = check_outbox(config, now=datetime.now(UTC))
        yield from findings
        self.examined = Examined(config, look)
        yield check_at_rest(config)
        yield from check_rights(config, self._file)
        running = look is not None and look.running
        yield good("agent", "runs" if running else "does not run")
        yield _clock(look if _lives_now(config) else None)
        yield from check_certificates(config.broker, now=datetime.now(UTC))
        yield from check_broker(config, running=running)
        yield from check_collector(config.collector)
        yield from check_machine(running=running)
        yield from check_fixtures(config, self._file)
        yield from check_models(config.models.folder, threads=config.models.threads, people=bool(config.traffic))
        yield from check_cameras(config, at_work=look if running else None)


def examine_at_work(
    config: AgentConfig, cameras: Sequence[Camera | TrafficCamera], link: DeliveryStatus
) -> DoctorResult:
    """What an agent that is at work finds: its cameras and its connection are asked, not opened a second time."""
    findings, look = check_outbox(config, now=datetime.now(UTC))
    return DoctorResult.of(
        [
            *check_disk(config),
            *findings,
            check_at_rest(config),
            _clock(look if _lives_now(config) else None),
            *check_certificates(config.broker, now=datetime.now(UTC)),
            *check_link(link),
            *check_collector(config.collector),
            *check_machine(running=True),
            *check_cameras_at_work(cameras),
        ]
    )


def _configuration(config: AgentConfig, file: Path) -> Finding:
    try:
        check_config(config, file)
    except FacingsError as error:
        return bad_error("configuration", error)
    return good("configuration", f"{file}: {in_numbers(config)}")


def _clock(look: OutboxLook | None) -> Finding:
    clock = Clock()
    last = last_synced_event(look)
    return judge_clock(clock.now(), synced=clock.synced(), installed=installed_at(), last_said=last)


def _lives_now(config: AgentConfig) -> bool:
    """Whether its events are of now: those of a replayed day carry that day's times."""
    return not all(
        [
            *(getattr(camera.source, "replayed", False) for camera in config.cameras),
            *(camera.recorded is not None for camera in config.traffic),
        ]
    )

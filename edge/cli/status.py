"""`edge status`: how the agent does, from its data folder alone."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from edge.cli import parts

if TYPE_CHECKING:
    from edge.contract.config import AgentConfig
    from edge.deliver.outbox_look import OutboxLook


def status(
    config: Path = typer.Option(..., metavar="FILE", help="The agent's configuration, YAML."),
    as_json: bool = typer.Option(False, "--json", help="One JSON object."),
) -> None:
    """Tell how the agent does, whether it runs or not: outbox, last captures, drops. Nothing is asked over the network.

    Example: edge status --config agent.yaml
    """
    from edge.contract.errors import DeliveryError
    from edge.deliver.outbox_look import look_into
    from edge.device.at_rest import at_rest_to_look
    from edge.device.overlay import OverlayFile
    from edge.device.settings import read_config

    settings = read_config(config)
    release = release_of(settings)
    look = look_into(settings.data / "outbox.db", at_rest_to_look(settings))
    if look is None:
        raise DeliveryError(f"{settings.data}: no outbox yet", f"start the agent: edge run --config {config}")
    desired = OverlayFile(settings.data).read() is not None
    versions = (look.health or {}).get("data", {}).get("versions", {})
    report = told(look, settings, now=datetime.now(UTC), desired=desired)
    report |= {"release": release, "parts": parts.parts_of(settings, versions, release)}
    sys.stdout.write(json.dumps(report) + "\n" if as_json else in_words(report))
    if look.fault:
        raise typer.Exit(1)


def release_of(config: AgentConfig) -> dict[str, Any] | None:
    """Which release is to run and which runs; None where this device takes none."""
    from edge.device.health import agent_version
    from edge.update.environments import Environments
    from edge.update.next_agent import this_platform
    from edge.update.state import StateFiles, health_of

    if config.updates is None:
        return None
    files = StateFiles(config.data / "updates")
    progress = files.progress()
    asked = progress.asked.isoformat() if progress.asked else None
    state = files.state()
    seal = None if state.environment is None else Environments(config.data).seal_of(state.environment)
    agent = agent_version() if seal is None else seal.version
    more = {"asked": asked, "agent": agent, "platform": this_platform()}
    return health_of(state, progress).model_dump(mode="json") | more


def told(look: OutboxLook, config: AgentConfig, *, now: datetime, desired: bool) -> dict[str, Any]:
    """What the status says, for a program."""
    cameras: dict[str, Any] = {}
    for camera in config.cameras:
        last = look.captures.get(camera.id)
        cameras[camera.id] = {
            "fixture": camera.fixture,
            "accepted": last.accepted.isoformat() if last and last.accepted else None,
            "rejected": last.rejected.isoformat() if last and last.rejected else None,
            "reason": last.reason if last else "",
            "error": _error(look, camera.id),
        }
    return {
        "device": f"{config.device.tenant}/{config.device.store}/{config.device.id}",
        "running": look.running,
        "fault": look.fault,
        "epoch": look.epoch,
        "last_seq": look.last_seq,
        "waiting": look.waiting,
        "waiting_bytes": look.waiting_bytes,
        "oldest_waiting": look.oldest_waiting.isoformat() if look.oldest_waiting else None,
        "oldest_waiting_seconds": (now - look.oldest_waiting).total_seconds() if look.oldest_waiting else None,
        "receipted_kept": look.receipted,
        "refused_kept": look.refused,
        "drops": look.drops,
        "file_bytes": look.file_bytes,
        "set_aside": list(look.set_aside),
        "at_rest": {"sealed": look.sealed or None, "key_here": look.opened, "swept": look.swept},
        "desired_configuration": desired,
        "cameras": cameras,
        "traffic": {
            camera.id: {"fixture": camera.fixture, "frames": _told(look, camera.id), "error": _error(look, camera.id)}
            for camera in config.traffic
        },
    }


def _error(look: OutboxLook, camera: str) -> str:
    """A camera's error as the last health event tells it."""
    return str(_health(look, camera).get("error", ""))


def _told(look: OutboxLook, camera: str) -> bool:
    """Whether a camera had given a frame by the last health event."""
    return _health(look, camera).get("last_frame_age") is not None


def _health(look: OutboxLook, camera: str) -> dict[str, Any]:
    reported = (look.health or {}).get("data", {}).get("cameras", [])
    return next((one for one in reported if one.get("camera") == camera), {})


def in_words(report: dict[str, Any]) -> str:
    """The status as a technician reads it."""
    lines = [f"{report['device']}: the agent {'runs' if report['running'] else 'does not run'}"]
    if report["fault"]:
        return "\n".join([*lines, f"outbox damaged: {report['fault']}; the next start sets it aside", ""])
    oldest = "" if report["oldest_waiting"] is None else f", the oldest since {_short(report['oldest_waiting'])}"
    lines.append(
        f"outbox: {report['waiting']} events wait ({report['waiting_bytes'] / 1e6:.1f} MB){oldest}; "
        f"last number {report['last_seq']} of epoch {report['epoch'][:8]}"
    )
    lines.append(f"kept for a resend: {report['receipted_kept']} receipted, {report['refused_kept']} refused")
    if report["drops"]:
        lines.append("dropped: " + ", ".join(f"{number} {kind}" for kind, number in sorted(report["drops"].items())))
    lines += _of_the_folder(report)
    if report.get("release") is not None:
        lines.append(_release_in_words(report["release"]))
    lines += [parts.in_words(part) for part in report.get("parts", [])]
    for name, camera in report["cameras"].items():
        said = f"last capture {_short(camera['accepted'])}" if camera["accepted"] else "no capture yet"
        if camera["rejected"]:
            said += f", last rejected {_short(camera['rejected'])} ({camera['reason']})"
        if camera["error"]:
            said += f"; {camera['error']}"
        lines.append(f"camera {name} at {camera['fixture']}: {said}")
    for name, camera in report["traffic"].items():
        said = camera["error"] or ("gives frames" if camera["frames"] else "no frame yet")
        lines.append(f"traffic camera {name}: {said}")
    return "\n".join(lines) + "\n"


def _of_the_folder(report: dict[str, Any]) -> list[str]:
    lines = []
    if report["set_aside"]:
        lines.append(f"damaged outboxes set aside: {', '.join(report['set_aside'])}")
    if report["at_rest"]["sealed"]:
        lines.append(_sealed_in_words(report["at_rest"]))
    if report["desired_configuration"]:
        lines.append("configuration: a desired one lies over the file's")
    return lines


def _sealed_in_words(at_rest: dict[str, Any]) -> str:
    said = f"encrypted at rest with key {at_rest['sealed']}"
    if not at_rest["key_here"]:
        return f"{said}, which is not here: captures and errors are not told"
    return said if at_rest["swept"] else f"{said}; not wholly yet, the next start goes on"


def _release_in_words(release: dict[str, Any]) -> str:
    desired, running = (
        "what it came with" if release[key] is None else str(release[key]) for key in ("wanted", "running")
    )
    said = f" ({release['said']})" if release["said"] else ""
    asked = f"; collector asked {_short(release['asked'])}" if release["asked"] else "; the collector never answered"
    where = f"in environment {release['environment']}" if release["environment"] else "as installed"
    return (
        f"release: desired {desired}, runs {running}, {release['stage'].replace('_', ' ')}{said}{asked}\n"
        f"agent: {release['agent']} {where}; this device is {release['platform']}"
    )


def _short(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

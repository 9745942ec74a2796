"""The disk that holds the events, and the outbox on it."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError
from edge.deliver.outbox_look import look_into
from edge.device.at_rest import at_rest_to_look
from edge.device.checks.finding import bad, bad_error, doubtful, good

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from edge.contract.config import AgentConfig
    from edge.contract.findings import Finding
    from edge.deliver.outbox_look import OutboxLook

MB = 1024 * 1024
LEAST_FREE_MB = 64
"""Below this SQLite's journal and the system's own logs soon stop each other."""

LEAST_INODES = 1000
OLD_HOURS = 24.0
"""Hours that an event may wait before somebody should look: a closed night and a bad morning are shorter."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A file system as it is. Inodes are None where it counts none."""

    free_mb: int
    read_only: bool
    inodes: int | None
    writable: bool


def measure_disk(folder: Path) -> Disk:
    """Look at the file system below `folder`, or below where it will be made.

    Raises:
        OSError: it cannot be looked at.
    """
    there = next(one for one in (folder, *folder.parents) if one.exists())
    found = os.statvfs(there)
    return Disk(
        free_mb=found.f_bavail * found.f_frsize // MB,
        read_only=bool(found.f_flag & os.ST_RDONLY),
        inodes=found.f_favail if found.f_files else None,
        writable=_can_write(there) if there == folder else os.access(there, os.W_OK),
    )


def judge_disk(disk: Disk, folder: Path, *, wanted_mb: int) -> list[Finding]:
    """What a disk means for an outbox that may grow by `wanted_mb`."""
    if disk.read_only:
        return [bad("disk", f"{folder}: the disk is read-only", "see dmesg: a worn SD card turns so; replace it")]
    if not disk.writable and disk.free_mb >= LEAST_FREE_MB and disk.inodes != 0:
        return [bad("disk", f"{folder} cannot be written", "give the agent's user the folder: chown")]
    findings = []
    if disk.free_mb < LEAST_FREE_MB:
        findings.append(bad("disk", f"{folder}: {disk.free_mb} MB free", "make room: events will be dropped"))
    elif disk.free_mb < wanted_mb:
        said = f"{folder}: {disk.free_mb} MB free, outbox and pictures may take {wanted_mb} MB more"
        findings.append(doubtful("disk", said, "make room, or lower outbox.max_mb and evidence.max_mb"))
    else:
        findings.append(good("disk", f"{folder}: {disk.free_mb} MB free{', writable' if disk.writable else ''}"))
    if disk.inodes is not None and disk.inodes < LEAST_INODES:
        status = bad if disk.inodes == 0 else doubtful
        findings.append(status("inodes", f"{disk.inodes} left", "delete small files: pictures, old logs"))
    return findings


def check_disk(config: AgentConfig) -> list[Finding]:
    """The disk of the data folder."""
    try:
        disk = measure_disk(config.data)
    except OSError as error:
        return [bad("disk", f"{config.data}: {error.strerror}", "give a folder that the agent's user can reach")]
    held = sum(file.stat().st_size for file in config.data.rglob("*") if file.is_file()) if config.data.is_dir() else 0
    wanted = max(0, config.outbox.max_mb - held // MB)
    return judge_disk(disk, config.data, wanted_mb=wanted)


def check_outbox(config: AgentConfig, *, now: datetime) -> tuple[list[Finding], OutboxLook | None]:
    """The outbox's file, and what waits in it."""
    path = config.data / "outbox.db"
    try:
        look = look_into(path, at_rest_to_look(config))
    except DeliveryError as error:
        return [bad_error("outbox", error)], None
    if look is None:
        return [good("outbox", "not begun yet")], None
    return judge_outbox(look, path, owner=f"{config.device.tenant}/{config.device.id}", now=now), look


def judge_outbox(look: OutboxLook, path: Path, *, owner: str, now: datetime) -> list[Finding]:
    """What an outbox says of its device."""
    if look.fault:
        mend = "nothing: the next start of the agent sets it aside and begins a new one with what can be read of it"
        return [bad("outbox", f"{path} is damaged: {look.fault}", mend)]
    if look.owner and look.owner != owner:
        return [bad("outbox", f"{path} is the outbox of {look.owner}", "give this device its own data folder")]
    findings = []
    hours = (now - look.oldest_waiting).total_seconds() / 3600 if look.oldest_waiting else 0.0
    said = f"sound, {look.waiting} events wait, last number {look.last_seq}"
    if hours > OLD_HOURS:
        mend = "see the checks of the broker; the collector must answer with receipts"
        findings.append(doubtful("outbox", f"{said}; the oldest waits for {hours:.0f} h", mend))
    else:
        findings.append(good("outbox", said))
    if look.refused:
        mend = "see the collector's quarantine: sink quarantine list"
        findings.append(doubtful("outbox refusals", f"{look.refused} events were refused by the collector", mend))
    if look.drops:
        told = ", ".join(f"{number} {kind}" for kind, number in sorted(look.drops.items()))
        findings.append(doubtful("outbox drops", f"dropped since it began: {told}", "raise outbox.max_mb or max_hours"))
    if look.set_aside:
        said = f"damaged before, set aside: {', '.join(look.set_aside)}"
        findings.append(
            doubtful("outbox history", said, "the disk may be failing: replace it, then delete these files")
        )
    return findings


def _can_write(folder: Path) -> bool:
    """Whether a file can be made, synced and deleted; only a try tells of a failing card."""
    probe = folder / f".doctor-{secrets.token_hex(4)}"
    try:
        with probe.open("wb") as file:
            file.write(b"doctor")
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        return False
    finally:
        with suppress(OSError):
            probe.unlink()  # on a full disk the file was made, and nothing fitted into it
    return True

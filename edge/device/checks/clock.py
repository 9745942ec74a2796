"""The clock: is it synchronised, and can it be right at all."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from edge.device.checks.finding import bad, doubtful, good

if TYPE_CHECKING:
    from edge.contract.findings import Finding
    from edge.deliver.outbox_look import OutboxLook

SLACK = timedelta(minutes=5)
"""A clock that was a little ahead and was put right is no fault."""


def judge_clock(now: datetime, *, synced: bool, installed: datetime, last_said: datetime | None) -> Finding:
    """Whether a wall clock may be believed.

    Args:
        now: what it shows, UTC.
        synced: what the kernel says of it.
        installed: when this software was put on the device.
        last_said: the time of the last event that was said by a synchronised clock.
    """
    mend = "start a time service and let it reach a server: timedatectl set-ntp true; on boards a battery helps"
    shown = f"it shows {now:%Y-%m-%d %H:%M:%S} UTC"
    for what, past in (("this software was installed", installed), ("the last event", last_said)):
        if past is not None and now < past - SLACK:
            return bad("clock", f"{shown}, but {what} is of {past:%Y-%m-%d %H:%M}: it is behind", mend)
    if not synced:
        return doubtful("clock", f"{shown} and is not synchronised; events are marked so", mend)
    return good("clock", f"{shown}, synchronised")


def last_synced_event(look: OutboxLook | None) -> datetime | None:
    """When the agent last said how it does by a synchronised clock."""
    if look is None or look.health is None or look.health.get("clock") != "synced":
        return None
    return datetime.fromisoformat(look.health["time"])

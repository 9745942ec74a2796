"""What time it is, and whether the device may say so: wall clock, monotonic clock, boot."""

from __future__ import annotations

import ctypes
import time
from datetime import UTC, datetime
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 256  # more than struct timex takes on any Linux


class Clock:
    """The device's clocks.

    Args:
        latest_provable: a moment that is surely past (the build, the last receipt): a wall clock before it is wrong.
    """

    def __init__(self, *, latest_provable: datetime | None = None) -> None:
        self._latest_provable = latest_provable
        self.boot = _boot_id()

    def now(self) -> datetime:
        """The wall clock, in UTC."""
        return datetime.now(UTC)

    def up(self) -> int:
        """Whole seconds since boot, counting suspended time."""
        return int(time.clock_gettime(time.CLOCK_BOOTTIME))

    def synced(self) -> bool:
        """Whether the kernel takes its clock for synchronised, and it is not provably behind."""
        if self._latest_provable is not None and self.now() < self._latest_provable:
            return False
        return _kernel_clock_synced()

    def prove(self, moment: datetime) -> None:
        """Note a moment that is surely past; only a later one than known counts."""
        if self._latest_provable is None or moment > self._latest_provable:
            self._latest_provable = moment


def _boot_id() -> str:
    """The kernel's id of this boot, without dashes."""
    return _BOOT_ID.read_text().strip().replace("-", "")


def _kernel_clock_synced() -> bool:
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "adjtimex"):
        return True
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))  # all zero: read only
    return state not in (-1, _TIME_ERROR)

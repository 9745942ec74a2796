"""What time it is, and whether the device may say so: wall clock, running clock, boot.

Many devices have no battery for their clock and start in 1970, or where the last shutdown was. Some moments are surely
past all the same: the one when this software was put on the device, and the ones a collector wrote into its receipts.
They go on with the running clock, which nobody sets. A wall clock that is behind them is wrong, and time is then told
by them; it is not set, since that is the business of the system.
"""

from __future__ import annotations

import ctypes
import json
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5  # adjtimex(2): the clock is not synchronised
_TIMEX_BYTES = 256  # more than struct timex takes on any Linux

SLACK = timedelta(seconds=5)
"""A wall clock this little behind is only being slowed down to its right time, or the collector's goes faster."""

AHEAD = timedelta(minutes=5)
"""A clock further ahead of the collector's is wrong, whatever it says of itself."""

REMEMBER_SECONDS = 1800.0
"""How often what was heard is worth being written down."""


@dataclass(frozen=True, slots=True)
class _Past:
    """A moment that was past when the running clock showed `at`."""

    moment: datetime
    at: float

    def now(self, running: float) -> datetime:
        """The earliest that it can be now."""
        return self.moment + timedelta(seconds=max(0.0, running - self.at))


class Clock:
    """The device's clocks.

    Args:
        latest_provable: a moment that is surely past, such as `installed_at()`: a wall clock before it is wrong.
    """

    def __init__(self, *, latest_provable: datetime | None = None) -> None:
        self.boot = _boot_id()
        self._built = None if latest_provable is None else _Past(latest_provable, self.running())
        self._heard: _Past | None = None  # by a collector's own word
        self._own: _Past | None = None  # our own time when a receipt came that told none
        self._ahead = False
        self._remembered_at = float("-inf")

    def now(self) -> datetime:
        """What time it is, in UTC: the wall clock, unless it is provably behind."""
        wall = self.wall()
        least = self._least()
        return wall if least is None or wall >= least - SLACK else least

    def likely(self) -> datetime:
        """What time it is by the best that is known: the collector's word, where the wall clock is far ahead of it."""
        return self.now() if self._heard is None or not self._ahead else self._heard.now(self.running())

    def wall(self) -> datetime:
        """What the wall clock shows, in UTC."""
        return datetime.now(UTC)

    def running(self) -> float:
        """Seconds since boot, counting suspended time; nobody sets this clock."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def up(self) -> int:
        """Whole seconds since boot, counting suspended time."""
        return int(self.running())

    def kernel_synced(self) -> bool:
        """Whether the kernel takes its clock for synchronised."""
        return _kernel_clock_synced()

    def synced(self) -> bool:
        """Whether the wall clock can be believed: synchronised, not provably behind, not ahead of the collector's."""
        least = self._least()
        behind = least is not None and self.wall() < least - SLACK
        return not behind and not self._ahead and self.kernel_synced()

    def hear(self, at: datetime | None) -> str | None:
        """Receipts came.

        Args:
            at: the collector's time when it wrote them; None of one that tells none.

        Returns:
            What is worth remembering, for `recall` after a restart; None when that was said lately.
        """
        running = self.running()
        if at is None:
            self._own = _Past(self.now(), running)
        else:
            # Its latest word counts, not its greatest: a collector's clock may have been wrong before.
            self._heard = _Past(at, running)
            self._ahead = self.wall() - at > AHEAD
        if running - self._remembered_at < REMEMBER_SECONDS:
            return None
        self._remembered_at = running
        pasts = {"heard": self._heard, "own": self._own}
        return json.dumps({name: past.now(running).isoformat() for name, past in pasts.items() if past is not None})

    def recall(self, text: str | None) -> None:
        """Take up what an earlier life remembered."""
        try:
            found = json.loads(text or "{}")
            pasts = {name: _Past(datetime.fromisoformat(at), self.running()) for name, at in found.items()}
        except (ValueError, TypeError, AttributeError):
            return
        self._heard, self._own = pasts.get("heard"), pasts.get("own")

    def _least(self) -> datetime | None:
        """The earliest that it can be now."""
        running = self.running()
        pasts = [past.now(running) for past in (self._built, self._heard) if past is not None]
        if self._own is not None and not self.kernel_synced():  # our own time proves nothing against a time service
            pasts.append(self._own.now(running))
        return max(pasts, default=None)


def installed_at() -> datetime:
    """When this software was put on the device, by the newest of its files: a moment that is surely past."""
    folder = Path(__file__).resolve().parents[1]
    newest = max(file.stat().st_mtime for file in folder.rglob("*.py"))
    return datetime.fromtimestamp(newest, UTC)


def _boot_id() -> str:
    """The kernel's id of this boot, without dashes."""
    return _BOOT_ID.read_text().strip().replace("-", "")


def _kernel_clock_synced() -> bool:
    libc = ctypes.CDLL(None)
    if not hasattr(libc, "adjtimex"):
        return True
    state = libc.adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))  # all zero: read only
    return state not in (-1, _TIME_ERROR)

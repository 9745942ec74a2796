"""Signs of life: which threads are at work on something that should have come to its end by now."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Pulse:
    """What is under way, and until when it may be. Safe to use from several threads.

    A thread that waits for its next turn is not watched: it waits with an end, or for the agent's own end. One that is
    at work on a frame or a command may hang in a driver or a lock, and nobody would notice.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until: dict[object, tuple[str, float]] = {}
        self._lock = threading.Lock()

    @contextmanager
    def busy(self, what: str, *, within: float) -> Iterator[None]:
        """Work that should take at most `within` seconds."""
        token = object()
        with self._lock:
            self._until[token] = (what, self._clock() + within)
        try:
            yield
        finally:
            with self._lock:
                del self._until[token]

    def overdue(self) -> list[str]:
        """What should have ended."""
        now = self._clock()
        with self._lock:
            return sorted({what for what, until in self._until.values() if until < now})

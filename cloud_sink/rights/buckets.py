"""Rate limits: a bucket of tokens for each key or address, in memory. The clock comes in as an argument."""

from __future__ import annotations

import threading
from collections import OrderedDict

_MOST = 20_000
"""Buckets that are kept; of more the ones longest unused go, which are full again by then."""


class Buckets:
    """Buckets of `burst` tokens that fill with `rate` a second."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._held: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._turn = threading.Lock()

    def take(self, name: str, now: float) -> float:
        """Take a token.

        Args:
            name: whose bucket.
            now: monotonic seconds.

        Returns:
            0 when there was one, else the seconds until there will be.
        """
        with self._turn:
            tokens, then = self._held.pop(name, (self._burst, now))
            tokens = min(self._burst, tokens + max(0.0, now - then) * self._rate)
            enough = tokens >= 1
            self._held[name] = (tokens - 1 if enough else tokens, now)
            while len(self._held) > _MOST:
                self._held.popitem(last=False)
            return 0.0 if enough else (1 - tokens) / self._rate

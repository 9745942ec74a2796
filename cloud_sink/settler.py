"""Settles days while the service runs, and follows master data: a thread of every collector."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import structlog

from cloud_sink.profile.settle import settle_these
from cloud_sink.store import boots, stale
from cloud_sink.store.database import DatabaseAway, reading, writing
from cloud_sink.store.intake import date_anew

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from cloud_sink.fleet.master import MasterData
    from cloud_sink.fleet.products import ProductData
    from cloud_sink.store.database import Database
    from cloud_sink.store.stale import StoreDayKey

REST = 2.0
"""Seconds between looks. A day that was marked since the last look is left to the next: its events come in bunches."""

PATIENCE = 60.0
"""Seconds after which a day is settled though it is marked again and again."""

_AT_ONCE = 2000
"""Days that are looked at. Where more wait, none is looked at twice: they are settled in turn, one after the other."""

ROUND = 50
"""Days settled in one look, those first that wait longest: some tenths of a second's work, however many wait."""

_BOOTS = 4
"""Boots whose events are dated anew in one look, each for about half a second."""

_log = structlog.get_logger()


class Settler:
    """Works at most half of the time, so that receiving goes on beside it."""

    def __init__(
        self,
        engine: Database,
        master: MasterData,
        *,
        products: ProductData | None = None,
        afterwards: Callable[[], object] | None = None,
        rest: float = REST,
    ) -> None:
        self._engine = engine
        self._master = master
        self._products = products
        self._afterwards = afterwards
        self._rest = rest
        self._known: dict[StoreDayKey, tuple[int, float]] = {}  # marks at the last look, and when it was first seen
        self._behind: StoreDayKey | None = None  # the last one whose turn it was, where too many wait to look at all
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="settler", daemon=True)

    def start(self) -> None:
        """Begin, with a look at once."""
        self._thread.start()

    def stop(self) -> None:
        """End after the day in hand."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(10)

    def look(self, now: float) -> int:
        """Follow master data and catalogues, and settle what has come to rest; returns how many days wait.

        Args:
            now: the running clock's seconds.

        Raises:
            DatabaseAway: what was settled stays settled.
        """
        self._master.refresh()
        if self._products is not None:
            self._products.refresh()
        self._date_anew()
        with reading(self._engine) as connection:
            waiting = stale.some(connection, _AT_ONCE, behind=self._behind)
        chosen = self._chosen(waiting, now)
        settle_these(self._engine, self._master.book, chosen)
        if self._afterwards is not None:
            self._afterwards()
        self._known = {
            key: (marks, self._known.get(key, (0, now))[1]) for key, marks in waiting.items() if key not in chosen
        }
        return len(waiting)

    def _date_anew(self) -> None:
        """Go on where a batch brought the clock of a boot that had many events without one."""
        with reading(self._engine) as connection:
            left = boots.waiting(connection, _BOOTS)
        for boot in left:
            with writing(self._engine) as connection:
                date_anew(connection, boot, self._master.book)

    def _chosen(self, waiting: Mapping[StoreDayKey, int], now: float) -> set[StoreDayKey]:
        """The days of this look: those at rest; in turn where so many wait that each has rested when it comes to it."""
        if len(waiting) == _AT_ONCE:
            turn = list(waiting)[:ROUND]
            self._behind = turn[-1]
            return set(turn)
        ready = [
            (self._known[key][1], key)
            for key, marks in waiting.items()
            if key in self._known and (self._known[key][0] == marks or now - self._known[key][1] >= PATIENCE)
        ]
        return {key for _, key in sorted(ready)[:ROUND]}

    def _run(self) -> None:
        away = False
        while not self._stop.is_set():
            began, waiting = time.monotonic(), 0
            try:
                waiting = self.look(began)
                away = False
            except DatabaseAway as error:
                if not away:
                    _log.warning("settling.interrupted", why=str(error))
                away = True
            worked = time.monotonic() - began
            self._stop.wait(worked if waiting > ROUND else max(self._rest, worked))

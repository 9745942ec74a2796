"""The outbox's database at work: transactions that are all or nothing, its age, and its exchange when it is damaged."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError
from edge.deliver import outbox_file, outbox_rows
from edge.deliver.sealing import PLAIN
from edge.deliver.troubles import disk_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.contract.topics import Address
    from edge.deliver.sealing import AtRest

AGE_STEP = 3600.0
"""Seconds of use after which the age is written anew. What a kill takes of it lets things stay a little longer."""


class Journal:
    """One open database, used by several threads in turn.

    Args:
        path: of the database; it is begun where it is missing, and set aside where it is damaged.
        address: whose events it holds.
        clock: monotonic seconds.
        at_rest: how events lie in it.

    Raises:
        DiskError: the disk is full or refuses.
        DeliveryError: another agent uses it, it belongs to another device, or the folder is not usable.
    """

    def __init__(self, path: Path, *, address: Address, clock: Callable[[], float], at_rest: AtRest = PLAIN) -> None:
        self.path = path
        self.set_aside: Path | None = None  # where the last damaged file is
        self.opened = 0  # how often a file was opened: what is known of an earlier one is known no more
        self._address = address
        self._at_rest = at_rest
        self._clock = clock
        self._turn = threading.RLock()
        self._database: sqlite3.Connection | None = None
        self._age_before = self._opened_at = self._age_written = 0.0
        self._lock = outbox_file.take_lock(path)
        try:
            self._ready()
        except BaseException:
            self.close()
            raise

    @property
    def age(self) -> float:
        """Seconds the outbox has been in use, over all its restarts; no wall clock takes part."""
        return self._age_before + self._clock() - self._opened_at

    @property
    def closed(self) -> bool:
        """Whether it was closed for good."""
        return self._lock.closed

    def close(self) -> None:
        """Close it; a second time does nothing."""
        with self._turn:
            if self._database is not None:
                with contextlib.suppress(sqlite3.Error):
                    outbox_rows.write_meta(self._database, "age", repr(self.age))
            self._let_go()
            self._lock.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Nobody else reads or writes meanwhile.

        Raises:
            DiskError: the disk refuses, or the file is damaged.
        """
        with self._turn:
            database = self._ready()
            try:
                yield database
            except sqlite3.Error as error:
                raise disk_error(self.path, error) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed and synced at the end, undone by any error.

        Raises:
            DiskError: the disk is full or refuses, or the file is damaged.
        """
        with self._turn:
            database = self._ready()
            age = self.age
            try:
                database.execute("BEGIN IMMEDIATE")
                yield database
                if age - self._age_written >= AGE_STEP:
                    outbox_rows.write_meta(database, "age", repr(age))
                database.execute("COMMIT")
            except BaseException as error:
                self._undo(database)
                if isinstance(error, sqlite3.Error):
                    raise disk_error(self.path, error) from error
                raise
            if age - self._age_written >= AGE_STEP:
                self._age_written = age

    def checkpoint(self) -> bool:
        """Copy SQLite's journal into the file, so that it begins anew in the room it has; whether it could be done."""
        with self._turn:
            try:
                busy = self._ready().execute("PRAGMA wal_checkpoint(RESTART)").fetchone()[0]
            except sqlite3.Error:
                return False
        return not busy

    def begin_anew(self) -> None:
        """Set the file aside, which was found damaged, and begin a new one with what can be read of it.

        Raises:
            DiskError: that cannot be done now; the next who needs the file tries again.
        """
        with self._turn:
            self._let_go()
            outbox_file.give_up(self.path)
            self._ready()

    def _ready(self) -> sqlite3.Connection:
        if self._database is None:
            if self._lock.closed:
                raise DeliveryError(f"{self.path} was closed", "open it again")
            database, aside = outbox_file.connect(self.path, address=self._address, at_rest=self._at_rest)
            try:
                self._check_owner(database)
                self._age_before = self._age_written = outbox_rows.read_age(database)
            except sqlite3.Error as error:
                database.close()
                raise disk_error(self.path, error) from error
            except BaseException:
                database.close()
                raise
            self._opened_at = self._clock()
            self._database = database
            self.opened += 1
            self.set_aside = aside or self.set_aside
        return self._database

    def _undo(self, database: sqlite3.Connection) -> None:
        if not database.in_transaction:
            return
        try:
            database.execute("ROLLBACK")
        except sqlite3.Error:
            self._let_go()  # what it holds in memory cannot be trusted; the file is as it was

    def _let_go(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _check_owner(self, database: sqlite3.Connection) -> None:
        owner = f"{self._address.tenant}/{self._address.device}"
        found = outbox_rows.read_meta(database, "owner", "")
        if not found:
            outbox_rows.write_meta(database, "owner", owner)
        elif found != owner:
            raise DeliveryError(
                f"{self.path} is the outbox of {found}, not of {owner}", "give this device its own outbox"
            )

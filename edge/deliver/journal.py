"""The outbox's database at work: transactions that are all or nothing, and its age."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from edge.contract.errors import DeliveryError
from edge.deliver import outbox_file, outbox_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from edge.contract.topics import Address


class Journal:
    """One open database, used by several threads in turn.

    Args:
        path: of the database; it is begun where it is missing, and set aside where it is damaged.
        address: whose events it holds.
        clock: monotonic seconds.

    Raises:
        DeliveryError: another agent uses it, it belongs to another device, or the folder is not usable.
    """

    def __init__(self, path: Path, *, address: Address, clock: Callable[[], float]) -> None:
        self.path = path
        self._clock = clock
        self._turn = threading.RLock()
        self._lock = outbox_file.take_lock(path)
        try:
            self._database, self.set_aside = outbox_file.connect(path)
            self._check_owner(address)
        except BaseException:
            self._lock.close()
            raise
        self._opened = clock()
        self._age_before = float(outbox_rows.read_meta(self._database, "age", "0"))

    @property
    def age(self) -> float:
        """Seconds the outbox has been in use, over all its restarts; no wall clock takes part."""
        return self._age_before + self._clock() - self._opened

    def close(self) -> None:
        """Close it; a second time does nothing."""
        with self._turn:
            self._database.close()
            self._lock.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Nobody else reads or writes meanwhile.

        Raises:
            DeliveryError: the database or the disk refuses.
        """
        with self._turn:
            try:
                yield self._database
            except sqlite3.Error as error:
                raise self._failure(error) from error

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """All or nothing: committed and synced at the end, undone by any error.

        Raises:
            DeliveryError: the database or the disk refuses.
        """
        with self._turn:
            try:
                self._database.execute("BEGIN IMMEDIATE")
                yield self._database
                outbox_rows.write_meta(self._database, "age", repr(self.age))
                self._database.execute("COMMIT")
            except BaseException as error:
                if self._database.in_transaction:
                    self._database.execute("ROLLBACK")
                if isinstance(error, sqlite3.Error):
                    raise self._failure(error) from error
                raise

    def _failure(self, error: sqlite3.Error) -> DeliveryError:
        return DeliveryError(f"{self.path}: {error}", "check the disk and its free space, then restart")

    def _check_owner(self, address: Address) -> None:
        owner = f"{address.tenant}/{address.device}"
        found = outbox_rows.read_meta(self._database, "owner", "")
        if not found:
            outbox_rows.write_meta(self._database, "owner", owner)
        elif found != owner:
            self._database.close()
            raise DeliveryError(
                f"{self.path} is the outbox of {found}, not of {owner}", "give this device its own outbox"
            )

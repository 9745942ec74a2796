"""Takes photographs in and shows them: rows and bytes together, whatever dies in between.

A row is made before its bytes are written, and says that they are *coming*; only when they are kept does it say that
they are *stored*. So bytes without a row do not lie about: a row that stays *coming* is cleared away with them after a
day. A row that is *going* is gone for everybody, until its bytes are deleted; nothing can be stored under it meanwhile.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import TYPE_CHECKING

import structlog

from cloud_sink.evidence.place import EvidenceAway, Name
from cloud_sink.store import evidence_rows
from cloud_sink.store.database import reading, writing
from cloud_sink.store.evidence_rows import State
from edge.contract.errors import StoreError
from edge.contract.topics import Address

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from typing import TypeVar

    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.store.database import Database

    T = TypeVar("T")

_NOTHING = Name(Address("nobody", "nowhere", "nothing"), "0" * 64)

_log = structlog.get_logger()


class EvidenceFull(StoreError):  # noqa: N818 - a state, not a fault
    """A tenant's photographs take all the room it has."""


class EvidenceGoing(StoreError):  # noqa: N818 - a state that passes
    """A photograph is being deleted; it can be stored again afterwards."""


class EvidenceDamaged(StoreError):  # noqa: N818 - a state, not a fault
    """The bytes that are kept are not those that were sent."""


class EvidenceRoom:
    """All photographs of all tenants.

    Args:
        engine: the database.
        place: where the bytes are kept.
        quota_bytes: what a tenant's photographs may take together.
    """

    def __init__(self, engine: Database, place: EvidencePlace, quota_bytes: int) -> None:
        self._engine = engine
        self.place = place
        self._quota = quota_bytes
        self.away = False

    def take(self, address: Address, sha256: str, content: bytes, now: datetime) -> bool:
        """Store a photograph; False when it was there already. After this its sender may delete it.

        Raises:
            EvidenceFull: the tenant has no room for it.
            EvidenceGoing: it is being deleted, or was while it came.
            EvidenceAway: the place cannot take it now.
        """
        name, state = self._announce(address, sha256, len(content), now)
        if state is State.GOING:
            raise EvidenceGoing(f"{sha256} is being deleted", "send it again later")
        there = state is State.STORED and self._asking(lambda: self.place.has(name, len(content)))
        if not there:
            self._asking(lambda: self.place.put(name, content))
        with writing(self._engine) as connection:
            if not evidence_rows.settle(connection, name):
                raise EvidenceGoing(f"{sha256} was deleted while it came", "send it again later")
        return not there

    def try_out(self) -> None:
        """Ask the place for something it has not: what is wrong with it stands in the log before anybody comes."""
        with suppress(EvidenceAway):
            self._asking(lambda: self.place.get(_NOTHING))

    def show(self, tenant: str, sha256: str) -> bytes | None:
        """A tenant's photograph; None when there is none.

        Raises:
            EvidenceAway: the place does not answer now.
            EvidenceDamaged: what is kept has another hash.
        """
        with reading(self._engine) as connection:
            found = evidence_rows.find(connection, tenant, sha256)
        if found is None or found[1] is not State.STORED:
            return None
        content = self._asking(lambda: self.place.get(found[0]))
        if content is not None and hashlib.sha256(content).hexdigest() != sha256:
            _log.error("evidence.damaged", place=self.place.label, photograph=found[0].key)
            raise EvidenceDamaged(f"the photograph {sha256} is damaged where it is kept")
        return content

    def _announce(self, address: Address, sha256: str, size: int, now: datetime) -> tuple[Name, State]:
        with writing(self._engine) as connection:
            found = evidence_rows.find(connection, address.tenant, sha256)
            if found is not None:
                return found
            announced = evidence_rows.announce(connection, address, sha256, size, now)
            if evidence_rows.used_bytes(connection, address.tenant) > self._quota:
                raise EvidenceFull(f"the evidence quota of {address.tenant} is full", "raise evidence.quota_mb")
            return announced

    def _asking(self, call: Callable[[], T]) -> T:
        """Ask the place, and say once when it goes away and once when it is back."""
        try:
            answer = call()
        except EvidenceAway as error:
            if not self.away:
                self.away = True
                _log.error("evidence.away", why=str(error))
            raise
        if self.away:
            self.away = False
            _log.info("evidence.back", place=self.place.label)
        return answer

"""Brings rows and photographs together again, after a database was set back or photographs were lost."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from cloud_sink.store import evidence_rows
from cloud_sink.store.database import reading, writing

if TYPE_CHECKING:
    from cloud_sink.evidence.place import EvidencePlace
    from cloud_sink.store.database import Database

_SLICE = 1000


@dataclass(frozen=True, slots=True)
class Compared:
    """What was put right."""

    entered: int  # photographs without a row, which have one now
    dropped: int  # rows without a photograph, which are no more


def compare(engine: Database, place: EvidencePlace) -> Compared:
    """Enter every photograph that no row speaks of, and drop every row whose photograph is not there.

    The service may run on: what is coming or going is left to it.

    Raises:
        EvidenceAway: the place does not answer; what was put right so far stays so.
    """
    with reading(engine) as connection:
        unseen = evidence_rows.stored(connection)
    entered, kept = 0, place.walk()
    while some := list(islice(kept, _SLICE)):
        with writing(engine) as connection:
            entered += evidence_rows.enter_found(connection, some)
        for one in some:
            if unseen.get(one.name) == one.bytes:
                del unseen[one.name]
    lost = [name for name, size in unseen.items() if not place.has(name, size)]
    with writing(engine) as connection:
        evidence_rows.forget_lost(connection, lost)
    return Compared(entered, len(lost))


def copy(source: EvidencePlace, target: EvidencePlace) -> int:
    """Copy the photographs that are not there yet; returns how many the source has."""
    count = 0
    for kept in source.walk():
        count += 1
        if not target.has(kept.name, kept.bytes):
            content = source.get(kept.name)
            if content is not None:  # else it went meanwhile
                target.put(kept.name, content)
    return count

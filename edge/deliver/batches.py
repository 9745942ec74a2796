"""Events become messages: live ones alone, a backlog as JSON arrays."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from edge.contract import ranges
from edge.contract.events import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from edge.contract.ranges import Ranges

MOST_EVENTS = 100
"""Events in one array. A collector's batch is not much larger, and a lost message is not much to send again."""


@dataclass(frozen=True, slots=True)
class Body:
    """One event whose turn it is: its row and key, and how it wants to travel."""

    row: int
    epoch: str
    seq: int
    body: bytes
    live: bool
    alone: bool


@dataclass(frozen=True, slots=True)
class Batch:
    """One message: a single event, or an array of events of one epoch."""

    rows: tuple[int, ...]
    epoch: str
    seqs: Ranges
    body: bytes
    replayed: bool

    @property
    def properties(self) -> list[tuple[str, str]]:
        """The MQTT user properties: whose body this is, should it be unreadable.

        An array names no `seq`: which of its events is unreadable nobody could say. Without receipts they come again
        alone, and are answered then.
        """
        own = [("epoch", self.epoch), ("replayed", "true" if self.replayed else "false")]
        return [*own, ("seq", str(self.seqs[0][0]))] if len(self.rows) == 1 else own


def gather(bodies: Iterable[Body], *, most_octets: int = MAX_EVENT_BYTES) -> list[Batch]:
    """Put events into messages of at most `most_octets` bytes, in their order.

    One that is longer by itself still goes, alone: what becomes of it is the broker's word.
    """
    batches: list[Batch] = []
    for (_, alone, _), run in groupby(bodies, key=lambda body: (body.live, body.live or body.alone, body.epoch)):
        parts = _parts(run, most_octets=most_octets, most_events=1 if alone else MOST_EVENTS)
        batches.extend(_message(part) for part in parts)
    return batches


def _parts(run: Iterable[Body], *, most_octets: int, most_events: int) -> Iterator[list[Body]]:
    part: list[Body] = []
    octets = 2
    for body in run:
        if part and (len(part) == most_events or octets + len(body.body) + 1 > most_octets):
            yield part
            part, octets = [], 2
        part.append(body)
        octets += len(body.body) + 1
    if part:
        yield part


def _message(part: list[Body]) -> Batch:
    body = part[0].body if len(part) == 1 else b"[" + b",".join(one.body for one in part) + b"]"
    return Batch(
        rows=tuple(one.row for one in part),
        epoch=part[0].epoch,
        seqs=ranges.from_numbers(one.seq for one in part),
        body=body,
        replayed=not part[0].live,
    )

"""What the disk refuses waits in memory, within bounds, until it takes it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from edge.contract.events import CLASS_OF_TYPE, TYPE_OF_PAYLOAD
from edge.deliver.capacity import SHED_ORDER
from edge.deliver.outbox_schema import charge_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from edge.contract.payloads import EventClass
    from edge.deliver.envelope import Draft, Stamp

HEAD = 500
"""Bytes of an event around its data."""

MOST_EVENTS = 500
"""Of 40 facings each they take some 20 MB of memory; at 20 events an hour they last for a day."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What one `append` brings: events, and the agent's cursors that move with them."""

    drafts: tuple[Draft, ...]
    stamp: Stamp
    state: Mapping[str, str]

    @property
    def charge(self) -> int:
        """About what its events will take up of the file."""
        return sum(charge_of(len(draft.data.model_dump_json(exclude_none=True)) + HEAD) for draft in self.drafts)


class Held:
    """The entries that could not be written, in their order; beyond a bound the cheapest events go, the oldest first.

    The cursors of an entry whose events went move on with the entry after it.
    """

    def __init__(self, *, most: int = MOST_EVENTS) -> None:
        self._most = most
        self._entries: list[Entry] = []
        self.dropped: Counter[EventClass] = Counter()  # let go without ever having had a number

    def __len__(self) -> int:
        return sum(len(entry.drafts) for entry in self._entries)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All of them, the oldest first."""
        return tuple(self._entries)

    @property
    def waiting(self) -> bool:
        """Whether there is anything to write."""
        return bool(self._entries or self.dropped)

    def add(self, entry: Entry) -> None:
        """Hold one more."""
        self._entries.append(entry)
        for kind in SHED_ORDER:
            self._drop(kind, len(self) - self._most)
        self._close_ranks()

    def written(self, number: int) -> None:
        """The first so many entries are on the disk."""
        del self._entries[:number]

    def state(self, key: str) -> str | None:
        """The latest value of a cursor among the entries."""
        return next((entry.state[key] for entry in reversed(self._entries) if key in entry.state), None)

    def _drop(self, kind: EventClass, number: int) -> None:
        for index, entry in enumerate(self._entries):
            if number <= 0:
                return
            kept = []
            for draft in entry.drafts:
                if number > 0 and CLASS_OF_TYPE[TYPE_OF_PAYLOAD[type(draft.data)]] == kind:
                    number -= 1
                    self.dropped[kind] += 1
                else:
                    kept.append(draft)
            self._entries[index] = replace(entry, drafts=tuple(kept))

    def _close_ranks(self) -> None:
        ranks: list[Entry] = []
        for entry in self._entries:
            if ranks and not ranks[-1].drafts:
                before = ranks.pop()
                ranks.append(replace(entry, state={**before.state, **entry.state}))
            else:
                ranks.append(entry)
        self._entries = ranks

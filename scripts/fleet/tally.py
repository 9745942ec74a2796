"""What a fleet counts of its own traffic."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from statistics import quantiles
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from edge.deliver.batches import Batch
    from fleet.unit import Unit


@dataclass(slots=True)
class Tally:
    """Counts since the beginning.

    Args:
        rows: events of the whole fleet.
    """

    rows: int
    connected: int = 0  # connections that were granted their subscriptions
    messages: int = 0  # published by devices, words on their state included
    doubled: int = 0  # of these, sent twice although nothing was lost
    receipts: int = 0  # messages that came with receipts
    octets_out: int = 0  # from devices to the broker, MQTT's own included
    octets_in: int = 0  # from the broker to devices
    stored: int = 0  # events that got their first receipt
    last_at: float = 0.0  # when the last of them did
    delays: array[float] = field(default_factory=lambda: array("f"))  # seconds from a live event to its receipt
    _sent_at: array[float] = field(init=False)
    _stored: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self._sent_at = array("d", bytes(8 * self.rows))
        self._stored = bytearray(self.rows)

    def sent(self, unit: Unit, batch: Batch, now: float) -> None:
        """A message goes out. Of one that was replayed nobody asks how long its receipt takes."""
        if not batch.replayed:
            self._sent_at[unit.row(batch.rows[0])] = now

    def settled(self, unit: Unit, seqs: Sequence[int], now: float) -> None:
        """Receipts came. What is sent once more on demand was counted before."""
        for row in map(unit.row, seqs):
            if self._stored[row]:
                continue
            self._stored[row] = 1
            self.stored += 1
            self.last_at = now
            if self._sent_at[row]:
                self.delays.append(now - self._sent_at[row])

    def delay(self, hundredth: int) -> float:
        """Seconds to its receipt that so many hundredths of the live events did not exceed."""
        return quantiles(self.delays, n=100, method="inclusive")[hundredth - 1] if len(self.delays) > 1 else 0.0

"""A roll-up's row of counts as one whole number, each count in a lane of bits of its own.

Two rows are added, or taken from each other, in one operation instead of one for each column (Lamport 1975, "Multiple
byte processing with full-word instructions"; Python's numbers are as long as they need to be). A count may be
negative: it borrows from the lane above, and gives that back when it is read.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlalchemy import Table

_WORD = 64
_LOW = 2**_WORD - 1


class Lanes:
    """Where each count of a roll-up stands in its number.

    Args:
        table: the roll-up: its key first, then counts.
        words: 64-bit words a lane. One is enough for counts of which a batch of millions stays below 2**63; with two,
            what is too large for the database's columns is still told as it is, and the database refuses it.
    """

    def __init__(self, table: Table, words: int = 1) -> None:
        keys = len(table.primary_key)
        names = [column.name for column in table.columns][keys:]
        bits = words * _WORD
        self.at = {name: bits * place for place, name in enumerate(names)}
        """How far the count of each column is shifted."""
        self._highest = sum(1 << (shift + bits - 1) for shift in self.at.values())
        self._bytes = len(names) * bits // 8
        self._struct = struct.Struct(f"<{len(names)}q" if words == 1 else f"<{'Qq' * len(names)}")
        self._words = words

    def pack(self, **counts: int) -> int:
        """A row of some counts; the others are 0."""
        at = self.at
        return sum([count << at[name] for name, count in counts.items() if count])

    def unpack(self, row: int) -> tuple[int, ...]:
        """The counts in the order of the table's columns."""
        # With the highest bit of every lane added, no lane is negative; taken away again, it is the sign.
        lanes = (row + self._highest) ^ self._highest
        words = self._struct.unpack(lanes.to_bytes(self._bytes, "little"))
        if self._words == 1:
            return words
        return tuple(high << _WORD | low for low, high in zip(words[::2], words[1::2], strict=True))

    def without(self, name: str, row: int) -> int:
        """The row with a 0 in one column."""
        return row - (self.unpack(row)[list(self.at).index(name)] << self.at[name])

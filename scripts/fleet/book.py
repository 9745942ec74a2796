"""All that a fleet will say, written down beforehand: playing it then costs no more than reading a file."""

from __future__ import annotations

import mmap
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from fleet_events import mix

from fleet.words import words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

    from fleet.day import Day

URGENT, LOST, FORGOTTEN = 1, 2, 4
"""What is so of an event: it is a stock-out; it is never sent; its device believes that it was receipted long ago."""

_FORGETS = 300
"""One event of so many is forgotten."""


@dataclass(frozen=True, slots=True)
class Chapter:
    """The rows of one device: its event `seq` is row `first + seq - 1`."""

    first: int
    count: int


class Book:
    """Every event of a fleet by row, device after device.

    Args:
        path: where the bodies are kept.
    """

    def __init__(self, path: Path) -> None:
        self.chapters: list[Chapter] = []
        self.after = array("d")  # seconds after the store opened, when the event happens
        self.flags = bytearray()
        self._ends = array("Q", [0])
        self._file = path.open("w+b")
        self._bodies: mmap.mmap | None = None

    def write(self, days: Sequence[Day], say: Callable[[int], None]) -> None:
        """Write down what the devices say of their days, and tell how many devices are done."""
        for number, day in enumerate(days, start=1):
            words = words_of(day)
            self.chapters.append(Chapter(len(self.flags), len(words)))
            for seq, word in enumerate(words, start=1):
                self._file.write(word.body)
                self._ends.append(self._ends[-1] + len(word.body))
                self.after.append((word.at - day.opens).total_seconds())
                forgotten = not word.lost and seq < len(words) and mix(day.device, seq, 11) % _FORGETS == 0
                self.flags.append(URGENT * word.urgent | LOST * word.lost | FORGOTTEN * forgotten)
            say(number)
        self._file.flush()
        self._bodies = mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def __len__(self) -> int:
        return len(self.flags)

    @property
    def octets(self) -> int:
        """Bytes of all bodies."""
        return self._ends[-1]

    def body(self, row: int) -> bytes:
        """An event's bytes."""
        assert self._bodies is not None, "the book is still being written"
        return self._bodies[self._ends[row] : self._ends[row + 1]]

    def size(self, row: int) -> int:
        """How many they are."""
        return self._ends[row + 1] - self._ends[row]

    def count(self, flag: int) -> int:
        """How many events a flag is true of."""
        return sum(bool(one & flag) for one in self.flags)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._bodies is not None:
            self._bodies.close()
        self._file.close()

"""Receipts: what is stored for good, told to the device."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from edge.contract import ranges as ranged
from edge.contract.receipts import Receipt, Refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from cloud_sink.store.intake import Answers
    from edge.contract.topics import Address

T = TypeVar("T")

_AT_ONCE = 128
"""Of each kind in one message: with the longest reasons it is still shorter than an event may be. A broker closes the
connection of who sends more than it takes, and every device would wait for one that is hostile."""


def receipts(answers: Answers, *, at: datetime) -> Iterator[tuple[Address, Receipt]]:
    """The receipts of a batch that was committed before `at`, in as many messages as it takes."""
    for (address, epoch), answer in answers.items():
        taken = ranged.from_numbers(answer.taken)
        refused = [
            Refusal(seq=seq, reason=reason, detail=detail) for seq, (reason, detail) in sorted(answer.refused.items())
        ]
        conflicts = sorted(answer.conflicts)
        for start in range(0, max(len(taken), len(refused), len(conflicts)), _AT_ONCE):
            yield (
                address,
                Receipt(
                    epoch=epoch,
                    ranges=_slice(taken, start),
                    refused=_slice(refused, start),
                    conflicts=_slice(conflicts, start),
                    at=at,
                ),
            )


def _slice(items: Sequence[T], start: int) -> list[T]:
    return list(items[start : start + _AT_ONCE])
